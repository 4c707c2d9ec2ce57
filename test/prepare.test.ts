import { imageDataset, loader } from '@ddnet/datasets'
import { init } from '@ddnet/layers'
import { crossEntropy } from '@ddnet/losses'
import { DDNet } from '@ddnet/models'
import { dispose, engine, memory, random, relu, tensor, zeros } from '@ddnet/ops'
import { adam } from '@ddnet/optimizers'
import { startNullDevice } from '@ddnet/testing'
import { Trainer } from '@ddnet/trainer'
import { afterAll, describe, expect, test } from 'vitest'

// 20 images in batches of 16: the second is smaller.
const data = imageDataset({
  images: new Uint8Array(20 * 32 * 32 * 3),
  labels: new Uint8Array(20),
  shape: [32, 32, 3],
})
const batch = (size: number) => ({ image: zeros([size, 32, 32, 3]), label: zeros([size], 'int32') })

/** Pipelines that the device is told to compile from now on: ahead of use, and on the spot. */
function compiled(): { ahead: number; onTheSpot: number } {
  const { device } = engine().backend as unknown as { device: GPUDevice }
  const { createComputePipeline, createComputePipelineAsync } = device
  const count = { ahead: 0, onTheSpot: 0 }
  device.createComputePipeline = (descriptor) => {
    count.onTheSpot++
    return createComputePipeline.call(device, descriptor)
  }
  device.createComputePipelineAsync = (descriptor) => {
    count.ahead++
    return createComputePipelineAsync.call(device, descriptor)
  }
  return count
}

describe.each(['gpu', 'software'] as const)('prepare, with the kernels of a %s adapter,', (variant) => {
  test('compiles all of DDNet’s training ahead of use, with progress, and changes nothing', async () => {
    const backend = await startNullDevice(variant)
    const model = init(new DDNet(), random.key(1))
    const values = [...model.parameters().values()].map(({ value }) => value)
    const trainer = new Trainer({
      model,
      optimizer: adam({ learningRate: 1e-3 }),
      data: { train: loader(data, { batchSize: 16 }), validation: loader(data, { batchSize: 10 }) },
      step: ({ image, label }, { model }) => ({ loss: crossEntropy(model.forward(image), label) }),
    })
    const [training, evaluation] = [[batch(16), batch(4)], [batch(10)]]
    const before = memory().numTensors
    const count = compiled()
    const progress: { done: number; total: number }[] = []
    await trainer.prepare(backend, { training, evaluation, onProgress: (each) => progress.push(each) })
    expect(count.ahead).toBeGreaterThan(20)
    expect(count.onTheSpot).toBe(0)
    expect(progress.map(({ done }) => done)).toEqual(Array.from({ length: count.ahead + 1 }, (_, done) => done))
    expect(progress.every(({ total }) => total === count.ahead)).toBe(true)
    expect(memory().numTensors).toBe(before)
    expect([...model.parameters().values()].map(({ value }) => value)).toEqual(values)
    for (const each of [...training, ...evaluation]) dispose(each)

    await trainer.fit({ epochs: 2 })
    expect(count.onTheSpot, 'pipelines compiled in the loop').toBe(0)
    model.dispose()
    backend.dispose()
  })
})

describe('prepare', () => {
  afterAll(async () => (await startNullDevice('gpu')).dispose())

  test('names what the device refuses, and what it refused can be compiled again', async () => {
    const backend = await startNullDevice('gpu')
    const { device } = engine().backend as unknown as { device: GPUDevice }
    const { createComputePipelineAsync } = device
    device.createComputePipelineAsync = ({ compute, ...descriptor }) =>
      createComputePipelineAsync.call(device, { ...descriptor, compute: { ...compute, entryPoint: 'nowhere' } })
    const x = tensor([1])
    const rehearse = (): void => relu(x).dispose()
    const error = await backend.prepare(rehearse).catch((error: Error) => error)
    expect((error as Error).name).toBe('DeviceError')
    expect((error as Error).message).toMatch(/^webgpu: the device refused to compile: .*nowhere/s)
    device.createComputePipelineAsync = createComputePipelineAsync
    const count = compiled()
    await backend.prepare(rehearse)
    expect(count.ahead).toBe(1)
    backend.dispose()
  })
})
