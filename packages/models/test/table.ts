import { type BackendName, keepForPage, pageRows } from '@ddnet/testing'
import { expect } from 'vitest'

/** What one backend found of one family, for docs/models.md. */
export interface Found {
  readonly model: string
  readonly variants: string
  readonly parameters: string
  /** Who counted them. */
  readonly source: string
  /** How many small networks were compared. */
  readonly cases: number
  /** The largest difference of logits from PyTorch's, over the largest of them or 1. */
  readonly logits: number
  /** The largest difference of a gradient from PyTorch's, over its parameter's norm. */
  readonly gradients: number
}

/** Fails unless docs/models.md says this of the family, and that it was compared on this backend, too. */
export function expectInTable(backend: BackendName, { logits, gradients, ...family }: Found): void {
  const facts = { ...family, cases: String(family.cases) }
  const found = [logits, gradients].map((off) => (off === 0 ? 'equal' : off.toExponential(0))).join(', ')
  if (keepForPage('models', `${family.model}.${backend}`, { ...facts, [backend]: found })) return
  const { [backend]: cell, ...row } = pageRows('models').get(family.model) ?? {}
  const told = Object.fromEntries(Object.keys(facts).map((column) => [column, row[column]]))
  expect(told, `${family.model} in docs/models.md; pnpm models writes it again`).toEqual(facts)
  expect(cell, `${family.model} on ${backend} in docs/models.md; pnpm models writes it again`).toMatch(
    /^(equal|\de-\d+), (equal|\de-\d+)$/,
  )
}
