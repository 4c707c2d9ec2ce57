import { init, type Module, valueAndGrad } from '../../packages/layers/src/index.ts'
import { DDNet } from '../../packages/models/src/index.ts'
import { random, softmaxCrossEntropy, type Tensor, type Tensor2D, tensor } from '../../packages/ops/src/index.ts'
import { adam, applyGradients, initState } from '../../packages/optimizers/src/index.ts'

/** Pictures of waves, and numbers below `count`: the same in every run. */
export const waves = (shape: readonly number[]): Tensor =>
  tensor(
    Float32Array.from({ length: shape.reduce((size, each) => size * each) }, (_, i) => Math.sin(i * 12.9898) * 2),
    [...shape],
  )
export const numbers = (shape: readonly number[], count: number): Tensor =>
  tensor(
    Int32Array.from({ length: shape.reduce((size, each) => size * each) }, (_, i) => (i * 7) % count),
    [...shape],
    'int32',
  )

/** A training step by Adam through the public API, on the running backend; it returns the loss. */
export function trainingStep<M extends Module>(made: M, lossOf: (model: M) => Tensor): () => number {
  const model = init(made, random.key(42))
  const optimizer = adam({ learningRate: 1e-3 })
  const parameters = model.parameters()
  const values = (): Record<string, Tensor> =>
    Object.fromEntries([...parameters].map(([name, parameter]) => [name, parameter.value]))
  const training = { state: initState(optimizer, values()) }

  return () => {
    const { loss, grads, updates } = valueAndGrad(model, () => ({ loss: lossOf(model) }))
    const next = applyGradients(optimizer, grads, training.state, values())
    for (const used of [...Object.values(grads), ...Object.values(training.state.tensors)]) used.dispose()
    for (const [name, parameter] of parameters) parameter.assign(next.params[name] as Tensor)
    training.state = next.state
    updates.commit()
    const value = loss.dataSync()[0] as number
    loss.dispose()
    return value
  }
}

/** A training step of DDNet, with batch norm. */
export function ddnetStep(batch: number): () => number {
  const images = waves([batch, 32, 32, 3])
  const labels = tensor(
    Int32Array.from({ length: batch }, (_, i) => i % 10),
    [batch],
    'int32',
  )
  return trainingStep(new DDNet(), (model) => softmaxCrossEntropy(model.forward(images) as Tensor2D, labels))
}
