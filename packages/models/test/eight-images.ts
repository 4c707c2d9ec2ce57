import { type Module, valueAndGrad } from '@ddnet/layers'
import { avgPool2d, dispose, type Key, random, type Scalar, type Tensor, tensor, tidy } from '@ddnet/ops'
import { adam, applyGradients, initState } from '@ddnet/optimizers'
import { entryOf, itemAt, readTensors } from '@ddnet/testing'

/** The first eight test images of CIFAR-10, `[8, size, size, 3]`, from about −2 to 2. */
export function eightImages(size: 16 | 32): Tensor {
  const { data, shape } = entryOf(readTensors('one-model/logits.safetensors'), 'testImages')
  const pixels = Float32Array.from(data, (value) => (value / 255 - 0.4734) / 0.2516).slice(0, 8 * 32 * 32 * 3)
  const large = tensor(pixels, [8, ...shape.slice(1)])
  return size === 32 ? large : tidy(() => avgPool2d(large, { kernelSize: 2 }))
}

/** Steps of Adam in training passes. @returns the loss before each */
export async function train(model: Module, loss: (key: Key) => Scalar, steps: number): Promise<number[]> {
  const optimizer = adam({ learningRate: 0.01 })
  const trained = [...model.parameters()].filter(([, { frozen }]) => !frozen)
  const values = () => Object.fromEntries(trained.map(([name, { value }]) => [name, value]))
  let state = initState(optimizer, values())
  const losses: number[] = []
  for (let step = 0; step < steps; step++) {
    const key = random.key(step)
    const { loss: found, grads, updates } = valueAndGrad(model, () => ({ loss: loss(key) }), { key })
    updates.commit()
    losses.push(itemAt(await found.data(), 0))
    const next = applyGradients(optimizer, grads, state, values())
    dispose([found, ...Object.values(grads), ...Object.values(state.tensors)])
    for (const [name, parameter] of trained) parameter.assign(entryOf(next.params, name))
    state = next.state
  }
  dispose(Object.values(state.tensors))
  return losses
}
