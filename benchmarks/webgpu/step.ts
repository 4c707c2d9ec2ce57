import { init, valueAndGrad } from '../../packages/layers/src/index.ts'
import { DDNet } from '../../packages/models/src/index.ts'
import { random, type Scalar, softmaxCrossEntropy, type Tensor, tensor } from '../../packages/ops/src/index.ts'
import { adam, applyGradients, initState } from '../../packages/optimizers/src/index.ts'

export interface DDNetStep {
  /** One training step, from the upload of its batch to the read of its loss. */
  run(): Promise<number>
  dispose(): void
}

/** DDNet's training step (batch norm, Adam, 20 parameter tensors) through the public API, on the current backend. */
export function ddnetStep(batch: number): DDNetStep {
  const model = init(new DDNet(), random.key(42))
  const pixels = Float32Array.from({ length: batch * 32 * 32 * 3 }, (_, i) => Math.sin(i * 12.9898) * 2)
  const classes = Int32Array.from({ length: batch }, (_, i) => i % 10)
  const optimizer = adam({ learningRate: 1e-3 })
  const parameters = model.parameters()
  const values = (): Record<string, Tensor> =>
    Object.fromEntries([...parameters].map(([name, parameter]) => [name, parameter.value]))
  const training = { state: initState(optimizer, values()) }

  function step(): Scalar {
    const images = tensor(pixels, [batch, 32, 32, 3])
    const labels = tensor(classes, [batch], 'int32')
    const { loss, grads, updates } = valueAndGrad(model, () => ({
      loss: softmaxCrossEntropy(model.forward(images), labels),
    }))
    const next = applyGradients(optimizer, grads, training.state, values())
    for (const used of [images, labels, ...Object.values(grads), ...Object.values(training.state.tensors)])
      used.dispose()
    for (const [name, parameter] of parameters) parameter.assign(next.params[name] as Tensor)
    training.state = next.state
    updates.commit()
    return loss
  }

  return {
    run: async () => {
      const loss = step()
      const [value] = await loss.data()
      loss.dispose()
      return value as number
    },
    dispose: () => {
      model.dispose()
      for (const state of Object.values(training.state.tensors)) state.dispose()
    },
  }
}
