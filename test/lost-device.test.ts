import { imageDataset, loader } from '@ddnet/datasets'
import { init } from '@ddnet/layers'
import { crossEntropy } from '@ddnet/losses'
import { DDNet } from '@ddnet/models'
import { engine, memory, random } from '@ddnet/ops'
import { adam } from '@ddnet/optimizers'
import { describeBackends, itemAt } from '@ddnet/testing'
import { type Snapshot, type StepEvent, Trainer } from '@ddnet/trainer'
import { expect, test } from 'vitest'
import { webgpu } from '../packages/backend-webgpu/src/index.ts'

const steps = 8
const [height, width, count] = [8, 8, 24]
const data = imageDataset({
  images: Uint8Array.from({ length: count * height * width * 3 }, (_, at) => (at * 37) % 256),
  labels: Uint8Array.from({ length: count }, (_, index) => index % 10),
  shape: [height, width, 3],
})

/** Trains to step 8, keeping a snapshot every 3 steps; `after` sees each step. */
async function train({ after = () => {}, resume }: { after?: (step: number) => void; resume?: Snapshot }) {
  const model = init(new DDNet({ channels: [4, 8] }), random.key(1))
  const seen: StepEvent[] = []
  let last: Snapshot | undefined
  const trainer = new Trainer({
    model,
    data: { train: loader(data, { batchSize: 4, shuffle: true, key: random.key(2) }) },
    step: ({ image, label }, { model }) => ({ loss: crossEntropy(model.forward(image), label) }),
    optimizer: adam({ learningRate: 1e-3 }),
    callbacks: [
      {
        needsState: (step) => step % 3 === 0,
        onStep: async (event, control) => {
          seen.push(event)
          if (event.step % 3 === 0) last = await control.snapshot()
          after(event.step)
        },
      },
    ],
  })
  const error = await trainer.fit({ steps, ...(resume && { resume }) }).then(
    () => undefined,
    (error: Error) => error,
  )
  model.dispose()
  return { losses: seen.map(({ loss }) => loss), last, error }
}

describeBackends('a device that is lost while it trains', () => {
  test('is an error, and training goes on from the last checkpoint on a new one', async () => {
    const whole = await train({})
    const before = memory().numTensors
    const { device } = engine().backend as unknown as { device: GPUDevice }
    const broken = await train({ after: (step) => step === 5 && device.destroy() })
    expect(broken.error?.name).toBe('DeviceLost')
    expect(broken.error?.message).toMatch(/^webgpu: the device was lost \(destroyed\), .* the last operator was \w+/)
    expect(broken.losses.every(Number.isFinite)).toBe(true)
    expect(broken.last?.step).toBe(3)

    const lost = await webgpu() // the same, until it is disposed
    lost.dispose()
    await webgpu()
    const resumed = await train({ resume: broken.last as Snapshot })
    expect(resumed.error).toBeUndefined()
    expect(resumed.losses.length).toBe(steps - 3)
    for (const [index, loss] of resumed.losses.entries()) expect(loss).toBeCloseTo(itemAt(whole.losses, index + 3), 5)
    expect(memory().numTensors).toBeLessThanOrEqual(before)
  })
}, ['webgpu'])
