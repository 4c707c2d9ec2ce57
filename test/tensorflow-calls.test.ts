import { imageDataset, loader } from '@ddnet/datasets'
import { init } from '@ddnet/layers'
import { crossEntropy } from '@ddnet/losses'
import { DDNet } from '@ddnet/models'
import { engine, random } from '@ddnet/ops'
import { adam } from '@ddnet/optimizers'
import { describeBackends, tuple } from '@ddnet/testing'
import { Trainer } from '@ddnet/trainer'
import { expect, test } from 'vitest'

const [height, width, count] = [8, 8, 16]
const data = imageDataset({
  images: Uint8Array.from({ length: count * height * width * 3 }, (_, at) => (at * 37) % 256),
  labels: Uint8Array.from({ length: count }, (_, index) => index % 10),
  shape: [height, width, 3],
})

type Calls = Record<'executeOp' | 'createTensor' | 'tensorDataSync', string[]>

/** The calls of TensorFlow's addon in each of `steps` steps of DDNet: names of ops, and numbers of tensors. */
async function callsOfSteps(steps: number): Promise<Calls[]> {
  const backend = engine().backend as unknown as { binding: Record<string, unknown> }
  const { binding } = backend
  const none = (): Calls => ({ executeOp: [], createTensor: [], tensorDataSync: [] })
  let calls = none()
  const counted = Object.fromEntries(Object.getOwnPropertyNames(binding).map((name) => [name, binding[name]]))
  for (const name of Object.keys(calls) as (keyof Calls)[]) {
    counted[name] = (...args: unknown[]) => {
      calls[name].push(String(args[0]))
      return (binding[name] as (...args: unknown[]) => unknown)(...args)
    }
  }
  backend.binding = counted
  try {
    const each: Calls[] = []
    const model = init(new DDNet(), random.key(1))
    const onStep = () => {
      each.push(calls)
      calls = none()
    }
    const optimizer = adam({ learningRate: 1e-3 })
    const trainer = new Trainer({
      model,
      optimizer,
      data: { train: loader(data, { batchSize: 4 }) },
      step: ({ image, label }, { model }) => ({ loss: crossEntropy(model.forward(image), label) }),
      callbacks: [{ onStep }],
    })
    await trainer.fit({ steps, lag: 0 })
    model.dispose()
    return each
  } finally {
    backend.binding = binding
  }
}

describeBackends('a training step of DDNet', () => {
  test('takes a bounded number of calls of TensorFlow', async () => {
    const [, , step] = tuple(await callsOfSteps(3), 3)
    const times = (op: string) => step.executeOp.filter((name) => name === op).length
    // Six convolutions, with the gradients of all filters and of all images but the first; six norms, each way in one op but for ReLU and
    // what is of the size of a vector of channels.
    expect(times('Conv2D') + times('Conv2DBackpropInput')).toBe(6 + 5)
    expect(times('Conv2DBackpropFilter')).toBe(6)
    expect(times('FusedBatchNormV3')).toBe(6)
    expect(times('Relu')).toBe(6)
    expect(times('FusedBatchNormGradV2')).toBe(6)
    // Adam takes twelve ops for each of 7 filters and matrices, and for all 13 vectors at once.
    expect(times('Sqrt')).toBe(7 + 1)
    expect(step.executeOp.length).toBeLessThanOrEqual(294)
    expect(step.createTensor.length).toBeLessThanOrEqual(144)
    // The loss and what it is divided by, and one look at each pooling's input.
    expect(step.tensorDataSync.length).toBe(2 + 3)
  })
}, ['tensorflow'])
