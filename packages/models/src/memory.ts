import type { Module } from '@ddnet/layers'

type ImageShape = readonly [batch: number, height: number, width: number, channels: number]

/** What a training step will hold at once, in bytes. */
export interface MemoryEstimate {
  readonly parameters: number
  readonly activations: number
  readonly total: number
}

const bytes = (shape: readonly number[]): number => 4 * shape.reduce((product, size) => product * size, 1)

/**
 * Memory of one training step, worked out from shapes alone, before anything is allocated: parameters four times
 * (values, gradients and Adam's two moments), and what the model says that its activations and their gradients take.
 *
 * @param inputShape `[batch, height, width, channels]`
 */
export function estimateMemory(
  model: Module & { activations(inputShape: ImageShape): number[][] },
  inputShape: ImageShape,
): MemoryEstimate {
  const parameters = 4 * [...model.parameters().values()].reduce((total, { shape }) => total + bytes(shape), 0)
  const activations = model.activations(inputShape).reduce((total, shape) => total + bytes(shape), 0)
  return { parameters, activations, total: parameters + activations }
}
