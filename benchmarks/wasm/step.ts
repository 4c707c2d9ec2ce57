import { init, valueAndGrad } from '../../packages/layers/src/index.ts'
import { DDNet } from '../../packages/models/src/index.ts'
import {
  random,
  softmaxCrossEntropy,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
  tensor,
} from '../../packages/ops/src/index.ts'
import { adam, applyGradients, initState } from '../../packages/optimizers/src/index.ts'

/** A training step of DDNet (batch norm, Adam) through the public API, on the running backend; it returns the loss. */
export function ddnetStep(batch: number): () => number {
  const model = init(new DDNet(), random.key(42))
  const images = tensor(
    Float32Array.from({ length: batch * 32 * 32 * 3 }, (_, i) => Math.sin(i * 12.9898) * 2),
    [batch, 32, 32, 3],
  )
  const labels = tensor(
    Int32Array.from({ length: batch }, (_, i) => i % 10),
    [batch],
    'int32',
  ) as Tensor1D
  const optimizer = adam({ learningRate: 1e-3 })
  const parameters = model.parameters()
  const values = (): Record<string, Tensor> =>
    Object.fromEntries([...parameters].map(([name, parameter]) => [name, parameter.value]))
  const training = { state: initState(optimizer, values()) }

  return () => {
    const { loss, grads, updates } = valueAndGrad(model, () => ({
      loss: softmaxCrossEntropy(model.forward(images) as Tensor2D, labels),
    }))
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
