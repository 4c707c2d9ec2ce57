import { type BackendName, keepForPage, pageRows } from '@ddnet/testing'
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

/** Fails unless docs/layers.md says this of the layer, and that it was compared on this backend, too. */
export function expectInTable(backend: BackendName, { layer, torch, cases, compared, largest }: Found): void {
  const facts = { layer, torch, cases: String(cases), compared: [...compared].sort().join(', ') }
  const found = largest === 0 ? 'equal' : largest.toExponential(0)
  if (keepForPage('layers', `${layer}.${backend}`, { ...facts, [backend]: found })) return
  const { [backend]: cell, ...row } = pageRows('layers').get(layer) ?? {}
  const told = Object.fromEntries(Object.keys(facts).map((column) => [column, row[column]]))
  expect(told, `${layer} in docs/layers.md; pnpm layers writes it again`).toEqual(facts)
  expect(cell, `${layer} on ${backend} in docs/layers.md; pnpm layers writes it again`).toMatch(/^(equal|\de-\d+)$/)
}
