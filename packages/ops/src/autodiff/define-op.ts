import { engine, getBackend, type KernelFunc, type NamedAttrMap, tidy } from '@tensorflow/tfjs-core'
import { computing } from '../checks/expect.ts'
import { expectBackend } from '../checks/expect-backend.ts'
import { ensureKernel } from '../kernels/kernel-source.ts'
import { ensureGradient, type GradientDefinition, gradientOwner, type Inputs, type Outputs } from './gradient.ts'

export interface OpDefinition<I, A, O, C extends keyof I, S> extends GradientDefinition<I, A, O, C, S> {
  /** The input names, in the order of the type `I`. */
  readonly inputs: readonly (keyof I & string)[]
  /** A correct composition of other operators: the kernel of every backend that has none of its own. */
  readonly forward: (inputs: I, attributes: A) => O
}

/** An operator: named input tensors and plain attributes in, one tensor or several out. */
export type Op<I, A, O> = (inputs: I, attributes: A) => O

/**
 * Defines an operator of this package, by a name that no other has.
 *
 * On first use on a backend it registers the gradient and, where the backend has no kernel called `name`, `forward`
 * (run inside `tidy`) as that kernel. A fast kernel takes its place by being registered first, through a backend's
 * kernel list. An input without an entry in `gradient` or `constants` is a type error.
 */
/* @__NO_SIDE_EFFECTS__ */
export function defineOp<
  I extends { [K in keyof I]: Inputs[string] },
  A,
  O extends Outputs,
  C extends keyof I = never,
  S = undefined,
>(name: string, definition: OpDefinition<I, A, O, C, S>): Op<I, A, O> {
  const run = runnerOf(definition)
  return (inputs, attributes) => {
    ensureGradient(name, definition.inputs, definition)
    return run(name, inputs, attributes)
  }
}

/**
 * Defines a differentiable operator of your own.
 *
 * On first use on a backend it registers the gradient and, where the backend has no kernel called `name`, `forward`
 * (run inside `tidy`) as that kernel. An input without an entry in `gradient` or `constants` is a type error.
 *
 * A definition never runs the kernel or the gradient of another one. The prefix keeps your names apart from those of this
 * package and of tfjs, which have none. Where a name is defined again (a module that was reloaded, a second copy of a
 * package), each definition stays what it is: the one that runs second gets `#2` behind the name of its kernel. A kernel
 * that you register for a backend under `name` is taken by the definition that runs first.
 *
 * @param name `prefix/name`, such as `my-package/cube`
 * @throws Error if the name has no prefix
 * @example
 * const cube = defineOp('my-package/cube', {
 *   inputs: ['x'],
 *   forward: ({ x }: { x: Tensor }) => mul(x, square(x)),
 *   gradient: { x: (dy, { x }) => mul(dy, mul(3, square(x))) },
 * })
 */
/* @__NO_SIDE_EFFECTS__ */
export function defineOwnOp<
  I extends { [K in keyof I]: Inputs[string] },
  A,
  O extends Outputs,
  C extends keyof I = never,
  S = undefined,
>(name: string, definition: OpDefinition<I, A, O, C, S>): Op<I, A, O> {
  if (typeof name !== 'string' || !/^[^/\s#]+(\/[^/\s#]+)+$/.test(name)) {
    throw new Error(
      `defineOp: expected a name with a prefix of your own, got '${name}'. Names without one belong to DDNet's and tfjs's operators: call it 'my-package/${String(name).replaceAll(/[/\s#]+/g, '-')}'.`,
    )
  }
  const run = runnerOf(definition)
  let kernelName: string | undefined
  return (inputs, attributes) => {
    kernelName ??= freeName(name, definition)
    ensureGradient(kernelName, definition.inputs, definition, definition)
    return run(kernelName, inputs, attributes)
  }
}

/** The name, or the first with a number behind it, that no other definition has. */
function freeName(name: string, definition: object): string {
  let free = name
  for (let count = 2; ![undefined, definition].includes(gradientOwner(free) as object); count++)
    free = `${name}#${count}`
  return free
}

function runnerOf<I extends { [K in keyof I]: Inputs[string] }, A, O extends Outputs, C extends keyof I, S>(
  definition: OpDefinition<I, A, O, C, S>,
): (kernelName: string, inputs: I, attributes: A) => O {
  // The engine's own types say TensorInfo; operators' inputs are always Tensors.
  const composition: KernelFunc = ({ inputs, attrs }) =>
    tidy(() => definition.forward(inputs as unknown as I, attrs as unknown as A))
  return (kernelName, inputs, attributes) => {
    expectBackend(kernelName)
    ensureKernel(kernelName, getBackend(), composition)
    return computing(kernelName, Object.values(inputs), () =>
      engine().runKernel(kernelName, inputs, attributes as NamedAttrMap),
    )
  }
}
