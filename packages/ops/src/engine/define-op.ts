import { engine, getBackend, type KernelFunc, type NamedAttrMap, tidy } from '@tensorflow/tfjs-core'
import { ensureGradient, type GradientDefinition, type Inputs, type Outputs } from './gradient.ts'
import { ensureKernel } from './kernel-source.ts'

export interface OpDefinition<I, A, O, C extends keyof I, S> extends GradientDefinition<I, A, O, C, S> {
  /** The input names, in the order of the type `I`. */
  readonly inputs: readonly (keyof I & string)[]
  /** A correct composition of other operators: the kernel of every backend that has none of its own. */
  readonly forward: (inputs: I, attributes: A) => O
}

/** An operator: named input tensors and plain attributes in, one tensor or several out. */
export type Op<I, A, O> = (inputs: I, attributes: A) => O

/**
 * Defines a differentiable operator.
 *
 * On first use on a backend it registers the gradient and, where the backend has no kernel called `name`, `forward`
 * (run inside `tidy`) as that kernel. A fast kernel takes its place by being registered first, through a backend's
 * kernel list. An input without an entry in `gradient` or `constants` is a type error.
 *
 * @example
 * const cube = defineOp('cube', {
 *   inputs: ['x'],
 *   forward: ({ x }: { x: Tensor }) => mul(x, square(x)),
 *   gradient: { x: (dy, { x }) => mul(dy, mul(3, square(x))) },
 * })
 */
export function defineOp<
  I extends { [K in keyof I]: Inputs[string] },
  A,
  O extends Outputs,
  C extends keyof I = never,
  S = undefined,
>(name: string, definition: OpDefinition<I, A, O, C, S>): Op<I, A, O> {
  // The engine's own types say TensorInfo; operators' inputs are always Tensors.
  const composition: KernelFunc = ({ inputs, attrs }) =>
    tidy(() => definition.forward(inputs as unknown as I, attrs as unknown as A)) as Outputs
  return (inputs, attributes) => {
    ensureGradient(name, definition.inputs, definition)
    ensureKernel(name, getBackend(), composition)
    return engine().runKernel(name, inputs as Inputs, attributes as NamedAttrMap) as O
  }
}
