import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import type { BackendName } from '@ddnet/testing'
import { expect } from 'vitest'

const page = new URL('../../../docs/optimizers.md', import.meta.url)

/** What each optimizer is compared with. */
const references = {
  adam: 'torch.optim.Adam',
  adamW: 'torch.optim.AdamW',
  sgd: 'torch.optim.SGD',
  rmsProp: 'torch.optim.RMSprop',
  lion: 'the program in its paper',
  muon: 'torch.optim.Muon, in float64 instead of bfloat16',
  lookahead: 'the algorithm of its paper, around torch.optim',
  ema: 'torch.optim.swa_utils.AveragedModel',
  partition: 'param_groups',
  scaleRates: "timm's layer-wise decay, as param_groups",
} as const

export type Referenced = keyof typeof references

/**
 * Fails unless docs/optimizers.md has a row of the optimizer and a figure for this backend. `pnpm optimizers` sets
 * `DDNET_OPTIMIZERS_FOLDER`, to write the table from what is found there.
 *
 * @param cases how many were compared, and the largest difference of all
 */
export function expectInTable(
  optimizer: Referenced,
  backend: BackendName,
  { cases, difference }: { readonly cases: number; readonly difference: number },
): void {
  expect(cases).toBeGreaterThan(0)
  const folder = process.env['DDNET_OPTIMIZERS_FOLDER']
  if (folder !== undefined) {
    mkdirSync(folder, { recursive: true })
    const row = {
      optimizer,
      reference: references[optimizer],
      cases: String(cases),
      [backend]: difference.toExponential(0),
    }
    writeFileSync(`${folder}/${optimizer}.${backend}.json`, JSON.stringify(row))
    return
  }
  const lines = readFileSync(page, 'utf8').split('\n')
  const cellsOf = (line = '') => line.split('|').map((cell) => cell.trim())
  const row = cellsOf(lines.find((line) => line.startsWith(`| \`${optimizer}\` `)))
  const column = cellsOf(lines.find((line) => line.startsWith('| optimizer '))).indexOf(backend)
  const remedy = `${optimizer} in docs/optimizers.md; pnpm optimizers writes it again`
  expect(row.slice(2, 4), remedy).toEqual([references[optimizer], String(cases)])
  expect(row[column], remedy).toMatch(/^\d+e-\d+$|^0e\+0$/)
}
