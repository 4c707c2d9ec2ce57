import * as ops from '@ddnet/ops'
import { kernelSource } from '@ddnet/ops/kernels'
import { variantOf } from '@ddnet/ops/webgpu'
import { engine, getBackend } from '@tensorflow/tfjs-core'
import { expect } from 'vitest'
import type { BackendName } from './backends.ts'
import { testDevice } from './device.ts'
import { keepForPage, pageRows } from './page-tables.ts'

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

/** Fails unless docs/operators.md says this of the operator on this backend. */
export function expectInTable(operator: string, backend: BackendName, cell: OperatorCell): void {
  // Further cases of other operators have no row.
  if (!(operator in ops)) return
  // On a GPU some kernels are others; the table tells of what every machine has.
  if (backend === 'webgpu' && variantOf(engine().backend) !== 'software') return
  if (backend === 'tensorflow' && testDevice() !== 'cpu') return
  const text = `${describeKernels(cell.forward)} · ${describeKernels(cell.backward)}`
  const facts = cell.nan === undefined ? { [backend]: text } : { [backend]: text, nan: cell.nan ? 'yes' : 'no' }
  if (keepForPage('operators', `${operator}.${backend}`, { operator, ...facts })) return
  const row = pageRows('operators').get(operator)
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
