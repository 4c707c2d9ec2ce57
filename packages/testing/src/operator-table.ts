import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import * as ops from '@ddnet/ops'
import { itemAt } from '@ddnet/ops/checks'
import { kernelSource } from '@ddnet/ops/kernels'
import { variantOf } from '@ddnet/ops/webgpu'
import { engine, getBackend } from '@tensorflow/tfjs-core'
import { expect } from 'vitest'
import type { BackendName } from './backends.ts'
import { testDevice } from './device.ts'

const table = new URL('../../../docs/operators.md', import.meta.url)

/**
 * How an operator computes on a backend, as a cell of docs/operators.md says it: `own`, `stock`, `own + 2 stock` …, of its
 * value and of its gradients.
 */
export interface OperatorCell {
  readonly forward: readonly string[]
  readonly backward: readonly string[]
  /** On WebGPU, whether NaNs go where they go in PyTorch. */
  readonly nan?: boolean
}

/**
 * Fails unless docs/operators.md says this of the operator on this backend. `pnpm operators` sets `DDNET_OPERATORS_FOLDER`,
 * to write the table from what is found there.
 */
export function expectInTable(operator: string, backend: BackendName, cell: OperatorCell): void {
  // Further cases of other operators have no row.
  if (!(operator in ops)) return
  // On a GPU some kernels are others; the table tells of what every machine has.
  if (backend === 'webgpu' && variantOf(engine().backend) !== 'software') return
  if (backend === 'tensorflow' && testDevice() !== 'cpu') return
  const text = `${describeKernels(cell.forward)} · ${describeKernels(cell.backward)}`
  const facts = cell.nan === undefined ? { [backend]: text } : { [backend]: text, nan: cell.nan ? 'yes' : 'no' }
  const folder = process.env['DDNET_OPERATORS_FOLDER']
  if (folder !== undefined) {
    mkdirSync(folder, { recursive: true })
    writeFileSync(`${folder}/${operator}.${backend}.json`, JSON.stringify({ operator, ...facts }))
    return
  }
  const row = rows().get(operator)
  expect(
    row && Object.fromEntries(Object.keys(facts).map((column) => [column, row[column]])),
    `${operator} in docs/operators.md; pnpm operators writes it again`,
  ).toEqual(facts)
}

/** `own`, `stock`, `3 stock`, `own + stock`, `2 own + 3 stock`, or `none`. */
function describeKernels(kernels: readonly string[]): string {
  const own = kernels.filter((name) => kernelSource(name, getBackend()) === 'own').length
  const parts = [count(own, 'own'), count(kernels.length - own, 'stock')].filter((part) => part !== '')
  return parts.join(' + ') || 'none'
}

const count = (number: number, noun: string): string => (number === 0 ? '' : number === 1 ? noun : `${number} ${noun}`)

/** The rows of the table by operator, each by the names of its columns. */
function rows(): Map<string, Record<string, string>> {
  const lines = readFileSync(table, 'utf8')
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
    body.map((cells) => [itemAt(cells, 0), Object.fromEntries(head.map((name, i) => [name, itemAt(cells, i)]))]),
  )
}
