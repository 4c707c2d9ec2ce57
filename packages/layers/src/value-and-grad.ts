import {
  clone,
  dispose,
  type Key,
  keepAll,
  NoPathError,
  type Scalar,
  ShapeError,
  type Tensor,
  valueAndSomeGrads,
} from '@ddnet/ops'
import type { Root } from './discover.ts'
import { expectReady, type Module } from './module.ts'
import { openPass } from './pass.ts'
import { Updates } from './updates.ts'

/** What is differentiated, and other tensors that are worth keeping. */
export interface Differentiated<Aux extends Record<string, Tensor>> {
  readonly loss: Scalar
  readonly aux?: Aux
}

/** All of these tensors are the caller's to dispose, or the surrounding `tidy`'s. */
export interface Gradients<Aux extends Record<string, Tensor>> {
  readonly loss: Scalar
  readonly aux: Aux
  /**
   * The gradient of each parameter that the loss depends on, by its name. The others have none, as `grad` is None in PyTorch, and
   * optimizers leave them as they are; nor have frozen ones.
   */
  readonly grads: Record<string, Tensor>
}

export interface ModelGradients<Aux extends Record<string, Tensor>> extends Gradients<Aux> {
  /** The buffers' next values: `commit()` them after the step, or `discard()` them. */
  readonly updates: Updates
}

/**
 * Runs `run` in a training pass of its own and differentiates its `loss` by every parameter of `model` that is not frozen.
 * The tensors of its `aux` come back, too.
 *
 * @param options.key the randomness of the pass
 * @param options.root below which modules have their paths in the pass; by default `model`
 * @throws ShapeError if the loss is not a float32 scalar; Error if it depends on no parameter of the model
 * @example
 * const { loss, grads, updates } = valueAndGrad(model, () => ({ loss: softmaxCrossEntropy(model.forward(x), y) }), { key })
 */
export function valueAndGrad<Aux extends Record<string, Tensor> = Record<never, never>>(
  model: Module,
  run: () => Differentiated<Aux>,
  { key, root = model }: { readonly key?: Key | undefined; readonly root?: Root | undefined } = {},
): ModelGradients<Aux> {
  const updates = new Updates()
  try {
    return { ...openPass({ training: true, root, key, updates }, () => gradients(model, run)), updates }
  } catch (error) {
    updates.discard()
    throw error
  }
}

/**
 * As `valueAndGrad`, in the pass that is under way: for a step that opened one, and differentiates several models in it.
 *
 * @throws what `valueAndGrad` throws
 * @example
 * openPass({ training: true, root: { generator, discriminator }, key, updates }, () => {
 *   const { grads } = gradients(discriminator, () => ({ loss: … }))
 * })
 */
export function gradients<Aux extends Record<string, Tensor> = Record<never, never>>(
  model: Module,
  run: () => Differentiated<Aux>,
): Gradients<Aux> {
  expectReady('gradients', model)
  const parameters = [...model.parameters()].filter(([, { frozen }]) => !frozen)
  const kept: { aux?: Aux } = {}
  try {
    const { value, grads } = valueAndSomeGrads(
      () => {
        const { loss, aux } = expectResult(run())
        expectLoss('gradients: the loss', loss)
        kept.aux = keepAll(aux ?? ({} as Aux)) // the engine's tidy would dispose everything but the loss
        return loss
      },
      parameters.map(([, parameter]) => parameter.value),
    )
    return { ...handOver(value, kept.aux as Aux), grads: namedGrads(parameters, grads) }
  } catch (error) {
    dispose(kept.aux ?? {})
    if (!(error instanceof NoPathError)) throw error
    throw new Error(`gradients: ${withoutPath(model, parameters.length)}`, { cause: error })
  }
}

function withoutPath(model: Module, trainable: number): string {
  const name = model.constructor.name
  if (trainable > 0) {
    return `the loss does not depend on any parameter of this ${name}. Compute it, inside the function, from what the model's forward returns, and by operators that have a derivative: comparisons, argMax and casts to integers have none.`
  }
  return model.parameters().size > 0
    ? `all parameters of this ${name} are frozen. Take some of them out: model.unfreeze('head').`
    : `this ${name} has no parameters to learn. Modules are found in fields, arrays and plain records.`
}

const namedGrads = (
  parameters: readonly (readonly [string, unknown])[],
  grads: readonly (Tensor | undefined)[],
): Record<string, Tensor> =>
  Object.fromEntries(
    parameters.flatMap(([name], index) => {
      const gradient = grads[index]
      return gradient === undefined ? [] : [[name, gradient]]
    }),
  )

/** What was kept, as tensors of the surrounding `tidy`. The loss may be among them. */
function handOver<Aux extends Record<string, Tensor>>(loss: Scalar, kept: Aux): { loss: Scalar; aux: Aux } {
  const aux = Object.fromEntries(Object.entries(kept).map(([name, tensor]) => [name, clone(tensor)])) as Aux
  const result = { loss: Object.values(kept).includes(loss) ? clone(loss) : loss, aux }
  dispose(kept)
  return result
}

function expectResult<T extends object>(result: T): T {
  if (result instanceof Promise) {
    result.catch(() => {}) // this error stands for it
    throw new ShapeError('gradients: expected { loss } from the function, got a promise. It must not be async.')
  }
  if (result !== null && typeof result === 'object' && 'loss' in result) return result
  throw new ShapeError(`gradients: expected { loss } from the function, got ${describe(result)}.`)
}

const describe = (value: unknown): string =>
  value !== null && typeof value === 'object' ? `{ ${Object.keys(value).join(', ')} }` : String(value)

/**
 * Checks what is to be made small.
 *
 * @param what names it at the head of the error: `the loss of head 'class'`
 * @throws ShapeError unless it is a float32 scalar
 */
export function expectLoss(what: string, loss: unknown): asserts loss is Scalar {
  const { dtype, shape } = (loss ?? {}) as { dtype?: string; shape?: readonly number[] }
  if (dtype === undefined || shape === undefined) {
    const got = loss instanceof Promise ? 'a promise. It must not be async' : typeof loss
    throw new ShapeError(`${what}: expected a scalar tensor, got ${got}.`)
  }
  if (shape.length > 0) {
    throw new ShapeError(`${what}: expected a scalar, got [${shape}]. Take its mean or its sum over all axes.`)
  }
  if (dtype !== 'float32') {
    throw new ShapeError(`${what}: expected float32, got ${dtype}, which has no derivative.`)
  }
}
