import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { type BackendName, itemAt } from '@ddnet/testing'
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

const page = new URL('../../../docs/models.md', import.meta.url)

/**
 * Fails unless docs/models.md says this of the family, and that it was compared on this backend, too. `pnpm models` sets
 * `DDNET_MODELS_FOLDER`, to write the page from what is found there.
 */
export function expectInTable(backend: BackendName, { logits, gradients, ...family }: Found): void {
  const facts = { ...family, cases: String(family.cases) }
  const folder = process.env['DDNET_MODELS_FOLDER']
  if (folder !== undefined) {
    mkdirSync(folder, { recursive: true })
    const cell = [logits, gradients].map((off) => (off === 0 ? 'equal' : off.toExponential(0))).join(', ')
    writeFileSync(`${folder}/${family.model}.${backend}.json`, JSON.stringify({ ...facts, [backend]: cell }))
    return
  }
  const { [backend]: cell, ...row } = rows().get(family.model) ?? {}
  const told = Object.fromEntries(Object.keys(facts).map((column) => [column, row[column]]))
  expect(told, `${family.model} in docs/models.md; pnpm models writes it again`).toEqual(facts)
  expect(cell, `${family.model} on ${backend} in docs/models.md; pnpm models writes it again`).toMatch(
    /^(equal|\de-\d+), (equal|\de-\d+)$/,
  )
}

/** The rows of the table by model, each by the names of its columns. */
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
