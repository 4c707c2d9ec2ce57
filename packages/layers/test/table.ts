import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import type { BackendName } from '@ddnet/testing'
import { itemAt } from '@ddnet/testing'
import { expect } from 'vitest'

/** What one backend found of one layer, for docs/layers.md. */
export interface Found {
  readonly layer: string
  readonly torch: string
  readonly cases: number
  /** What was compared, in all cases. */
  readonly compared: ReadonlySet<string>
  /** The largest difference from PyTorch's number, over the largest of its tensor or 1. */
  readonly largest: number
}

const page = new URL('../../../docs/layers.md', import.meta.url)

/**
 * Fails unless docs/layers.md says this of the layer, and that it was compared on this backend, too. `pnpm layers` sets
 * `DDNET_LAYERS_FOLDER`, to write the page from what is found there.
 */
export function expectInTable(backend: BackendName, { layer, torch, cases, compared, largest }: Found): void {
  const facts = { layer, torch, cases: String(cases), compared: [...compared].sort().join(', ') }
  const folder = process.env['DDNET_LAYERS_FOLDER']
  if (folder !== undefined) {
    mkdirSync(folder, { recursive: true })
    const cell = largest === 0 ? 'equal' : largest.toExponential(0)
    writeFileSync(`${folder}/${layer}.${backend}.json`, JSON.stringify({ ...facts, [backend]: cell }))
    return
  }
  const { [backend]: cell, ...row } = rows().get(layer) ?? {}
  const told = Object.fromEntries(Object.keys(facts).map((column) => [column, row[column]]))
  expect(told, `${layer} in docs/layers.md; pnpm layers writes it again`).toEqual(facts)
  expect(cell, `${layer} on ${backend} in docs/layers.md; pnpm layers writes it again`).toMatch(/^(equal|\de-\d+)$/)
}

/** The rows of the table by layer, each by the names of its columns. */
function rows(): Map<string, Record<string, string>> {
  const lines = readFileSync(page, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim().replaceAll('`', '')),
    )
  const [head = [], , ...body] = lines
  return new Map(
    body.map((cells) => [itemAt(cells, 0), Object.fromEntries(head.map((name, at) => [name, itemAt(cells, at)]))]),
  )
}
