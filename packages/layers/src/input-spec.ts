import { type DataType, placeholder, type Tensor } from '@ddnet/ops'
import type { Module } from './module.ts'

/** An input that is not there: a float32 tensor of a shape, batch included, or one of another type. */
export type InputSpec = readonly number[] | { readonly shape: readonly number[]; readonly dtype: DataType }

/** The inputs of `forward`, or one function that runs the model. */
export type RunSpec<T> = readonly InputSpec[] | readonly [run: () => T]

/** Inside of `onShapes`: what runs the model on tensors of these shapes. */
export function runOf<T>(model: Module, spec: RunSpec<T>, otherwise: (output: unknown) => T): () => T {
  const [first] = spec
  if (typeof first === 'function') return first
  return () => {
    const inputs = (spec as readonly InputSpec[]).map((input) => {
      const { shape, dtype } = 'shape' in input ? input : { shape: input, dtype: 'float32' as const }
      return placeholder(shape, { dtype })
    })
    return otherwise(model.forward(...(inputs as never[])))
  }
}

/** The tensors in a result: a tensor, or records and arrays of them. */
export function tensorsIn(value: unknown): Tensor[] {
  if (value === null || typeof value !== 'object') return []
  return 'dataId' in value ? [value as Tensor] : Object.values(value).flatMap(tensorsIn)
}
