import { type BackendName, keepForPage, pageRows } from '@ddnet/testing'
import { expect } from 'vitest'

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
 * Fails unless docs/optimizers.md has a row of the optimizer and a figure for this backend.
 *
 * @param cases how many were compared, and the largest difference of all
 */
export function expectInTable(
  optimizer: Referenced,
  backend: BackendName,
  { cases, difference }: { readonly cases: number; readonly difference: number },
): void {
  expect(cases).toBeGreaterThan(0)
  const facts = { optimizer, reference: references[optimizer], cases: String(cases) }
  if (keepForPage('optimizers', `${optimizer}.${backend}`, { ...facts, [backend]: difference.toExponential(0) })) return
  const { [backend]: cell, ...row } = pageRows('optimizers').get(optimizer) ?? {}
  const remedy = `${optimizer} in docs/optimizers.md; pnpm optimizers writes it again`
  expect(row, remedy).toMatchObject(facts)
  expect(cell, remedy).toMatch(/^\d+e-\d+$|^0e\+0$/)
}
