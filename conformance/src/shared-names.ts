import * as ops from '@ddnet/ops'
import { entryOf } from '@ddnet/ops/checks'
import * as tf from '@tensorflow/tfjs-core'
import * as adapters from './adapters.ts'
import { different } from './different.ts'
import { takingLists } from './taking-lists.ts'

type Functions = Record<string, unknown>
type Operator = (...parameters: unknown[]) => unknown

/** The functions that @ddnet/ops exports under tfjs's name and with tfjs's meaning, and that are not tfjs's own. */
export const owned: readonly string[] = Object.entries(ops)
  .filter(([name, ours]) => typeof ours === 'function' && !(name in different) && !(name in adapters))
  .filter(([name, ours]) => name in tf && (tf as Functions)[name] !== ours)
  .map(([name]) => name)

/** What makes tensors of lists itself. */
const creators: ReadonlySet<string> = new Set(['tensor', 'scalar', 'zeros', 'ones', 'fill', 'range', 'linspace'])

/** tfjs's function of that name as the tests see it: computed by @ddnet/ops. */
export function facade(): Record<string, unknown> {
  const functions: Record<string, unknown> = { ...adapters }
  for (const name of owned) {
    const operator = (ops as Functions)[name]
    functions[name] = creators.has(name) ? operator : takingLists(operator as never)
  }
  return functions
}

/** Makes the tests' chained calls, `x.add(y)`, calls of the facade too. */
export function chainFacade(): void {
  const { prototype } = tf.Tensor as unknown as { prototype: Functions }
  const own = facade() as Record<string, Operator>
  const cast = entryOf(own, 'cast')
  const casts = { asType: cast, toBool: (x: unknown) => cast(x, 'bool') }
  const functions: Record<string, Operator> = { ...own, ...(adapters.image as unknown as typeof own), ...casts }
  // Of these the tensor is not the first argument.
  const { concat, stack, where, ...chainable } = functions
  for (const [name, call] of Object.entries(chainable)) {
    if (!(name in prototype)) continue
    prototype[name] = function (this: tf.Tensor, ...parameters: unknown[]) {
      return call(this, ...parameters)
    }
  }
}

/**
 * Registers our gradients: each operator registers its own when it is first called. Other functions of tfjs, which are
 * composed of the same kernels, can then be differentiated too.
 */
export async function registerGradients(): Promise<void> {
  const x = tf.ones([2, 2])
  const calls = [
    [],
    [x],
    [x, x],
    [
      x,
      [
        [0, 0],
        [0, 0],
      ],
    ],
  ]
  for (const [name, operator] of Object.entries(ops as Functions)) {
    if (typeof operator !== 'function' || (tf as Functions)[name] === operator) continue
    for (const parameters of calls) {
      try {
        await operator(...parameters)
      } catch {
        // Whatever it expects, it was called.
      }
    }
  }
}
