import {
  dispose,
  type Key,
  keepAll,
  NoPathError,
  type Scalar,
  ShapeError,
  type Tensor,
  valueAndSomeGrads,
} from '@ddnet/ops'
import { type Context, trainingContext, Updates } from './context.ts'
import type { Module } from './module.ts'

export interface ModelGradients<Aux extends Record<string, Tensor>> {
  loss: Scalar
  /** Whatever else the function returned; the caller disposes it. */
  aux: Aux
  /**
   * The gradient of each parameter that the loss depends on, by its name; the caller disposes them. The others have none, as
   * `grad` is None in PyTorch, and optimizers leave them as they are.
   */
  grads: Record<string, Tensor>
  /** The buffers' next values: `commit()` them after the step, or `discard()` them. */
  updates: Updates
}

/**
 * Runs `forward` in training and differentiates its `loss` by every parameter of `model`.
 * Other tensors that it returns survive as `aux`.
 *
 * @param options.key the randomness of the pass: `context.keyOf(module)` gives each module its own
 *
 * @throws ShapeError if the loss is no float32 scalar; Error if it depends on no parameter of the model
 * @example
 * const { loss, grads, updates } = valueAndGrad(model, (context) => ({ loss: crossEntropy(model.forward(x, context), y) }))
 */
export function valueAndGrad<Aux extends Record<string, Tensor> & { loss: Scalar }>(
  model: Module,
  forward: (context: Context) => Aux,
  { key }: { key?: Key | undefined } = {},
): ModelGradients<Omit<Aux, 'loss'>> {
  const updates = new Updates()
  const parameters = model.parameters()
  const kept: { aux?: Omit<Aux, 'loss'> } = {}
  const names = [...parameters.keys()]
  const context = trainingContext(model, { key, updates })
  try {
    const { value, grads } = valueAndSomeGrads(
      () => {
        const { loss, ...aux } = forward(context)
        expectLoss('valueAndGrad: the loss', loss)
        kept.aux = keepAll(aux) // the engine's tidy would dispose everything but the loss
        return loss
      },
      [...parameters.values()].map((parameter) => parameter.value),
    )
    return {
      loss: value,
      aux: kept.aux as Omit<Aux, 'loss'>,
      grads: Object.fromEntries(
        grads.flatMap((gradient, index) => (gradient === undefined ? [] : [[names[index] as string, gradient]])),
      ),
      updates,
    }
  } catch (error) {
    updates.discard()
    dispose(kept.aux ?? {})
    if (!(error instanceof NoPathError)) throw error
    throw new Error(
      parameters.size === 0
        ? `valueAndGrad: this ${model.constructor.name} has no parameters to learn. Modules are found in fields, arrays and plain records.`
        : `valueAndGrad: the loss does not depend on any parameter of this ${model.constructor.name}. Compute it, inside the function, from what the model's forward returns, and by operators that have a derivative: comparisons, argMax and casts to integers have none.`,
      { cause: error },
    )
  }
}

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
