import { add, dispose, mean, onShapes, random, type Scalar } from '@ddnet/ops'
import { observeKernels } from '@ddnet/ops/kernels'
import { type RunSpec, runOf, tensorsIn } from './input-spec.ts'
import type { Module } from './module.ts'
import { valueAndGrad } from './value-and-grad.ts'

/** What a training step holds at once, in bytes. */
export interface MemoryEstimate {
  /** Four times all parameters: values, gradients and Adam's two moments. */
  readonly parameters: number
  /** At the peak of the forward and backward pass: inputs, results and their gradients. */
  readonly activations: number
  readonly total: number
}

/**
 * Memory of a training step, before anything is allocated: its forward and backward pass run on shapes alone, and the tensors
 * that are alive at once are added up. What kernels need inside, and what a backend's allocator keeps, is not in it.
 *
 * @param inputs one for each input of `forward`, whose mean is the loss; or a function that runs the model and gives its loss
 * @throws what operators throw about shapes
 * @example estimateMemory(model, [64, 32, 32, 3]).total
 */
export function estimateMemory(model: Module, ...inputs: RunSpec<{ readonly loss: Scalar }>): MemoryEstimate {
  const values = bytesOf(model.parameters())
  const buffers = bytesOf(model.buffers())
  const activations = onShapes(({ heldBytes }) => {
    const before = heldBytes()
    const run = runOf(model, inputs, (output) => ({
      loss: tensorsIn(output)
        .map((each) => mean(each))
        .reduce((total, each) => add(total, each)),
    }))
    let peak = before
    let depth = 0
    const stop = observeKernels(() => {
      depth++
      // Between the kernels that another one is composed of lies what only that one has.
      return () => {
        if (--depth === 0) peak = Math.max(peak, heldBytes())
      }
    })
    try {
      const { loss, grads, updates } = valueAndGrad(model, run, { key: random.key(0) })
      updates.discard()
      dispose([loss, ...Object.values(grads)])
    } finally {
      stop()
    }
    return peak - before - values - buffers // which are there before the step
  })
  return { parameters: 4 * values, activations, total: 4 * values + buffers + activations }
}

const bytesOf = (tensors: ReadonlyMap<string, { readonly shape: readonly number[] }>): number =>
  [...tensors.values()].reduce((total, { shape }) => total + shape.reduce((product, size) => product * size, 4), 0)
