import { loader } from '@ddnet/datasets'
import { memory, random } from '@ddnet/ops'
import { adam } from '@ddnet/optimizers'
import { describeBackends } from '@ddnet/testing'
import { expect, test } from 'vitest'
import { brightRows, classify, tinyNet } from '../test/tiny.ts'
import { type Profile, profileTable, Trainer } from './index.ts'

const rows = () => loader(brightRows(40), { batchSize: 8, shuffle: true, key: random.key(5) })
function create(accumulate = 1) {
  const model = tinyNet()
  const data = { train: rows() }
  return { model, trainer: new Trainer({ model, optimizer: adam(), data, step: classify, accumulate }) }
}
const callsOf = ({ kernels }: Profile, kernel: string, phase?: string) =>
  kernels
    .filter((row) => row.kernel === kernel && (phase === undefined || row.phase === phase))
    .reduce((sum, { calls }) => sum + calls, 0)

describeBackends('profile', () => {
  test('tells kernels by phase, and parts that add up to the step', async () => {
    const { model, trainer } = create()
    const profile = await trainer.profile({ steps: 7, warmup: 1 })
    expect(profile.steps).toBe(7)
    expect(callsOf(profile, 'adamUpdates')).toBe(1)
    expect(callsOf(profile, 'adamUpdates', 'update')).toBe(1)
    expect(callsOf(profile, 'batchNorm', 'forward')).toBe(1)
    expect(callsOf(profile, 'softmaxCrossEntropy', 'forward')).toBe(1)
    expect(callsOf(profile, 'softmaxCrossEntropy', 'update')).toBe(0)
    expect(profile.kernels.some(({ phase }) => phase === 'backward')).toBe(true)
    const { step, ...parts } = profile.milliseconds
    expect(Object.values(parts).reduce((sum, part) => sum + part, 0)).toBeCloseTo(step, 6)
    for (const part of Object.values(parts)) expect(part).toBeGreaterThanOrEqual(0)
    const own = profile.kernels.reduce((sum, { milliseconds }) => sum + milliseconds, 0)
    expect(own).toBeCloseTo(profile.milliseconds.kernels, 6)
    const { tensors, bytes, peakTensors, peakBytes } = profile.memory
    expect(peakTensors).toBeGreaterThan(tensors)
    expect(peakBytes).toBeGreaterThan(bytes)
    model.dispose()
  })

  test('shows that measuring the accuracy of a small batch runs no kernel: it takes handles and is read', async () => {
    const model = tinyNet()
    const kernelsOf = async (step: typeof classify) => {
      const trainer = new Trainer({ model, optimizer: adam(), data: { train: rows() }, step })
      const { kernels } = await trainer.profile({ steps: 3, warmup: 1 })
      const calls = kernels.flatMap(({ kernel, phase, calls }) =>
        kernel === 'Identity' ? [] : [`${phase} ${kernel} ${calls}`],
      )
      return calls.sort()
    }
    const plain = await kernelsOf((batch, context) => ({ loss: classify(batch, context).loss }))
    expect(await kernelsOf(classify)).toEqual(plain)
    model.dispose()
  })

  test('counts all batches of an accumulated step', async () => {
    const { model, trainer } = create(3)
    const profile = await trainer.profile({ steps: 4, warmup: 0 })
    expect(callsOf(profile, 'batchNorm', 'forward')).toBe(3)
    expect(callsOf(profile, 'adamUpdates', 'update')).toBe(1)
    model.dispose()
  })

  test('leaves model, loader and memory as they were, also when it fails', async () => {
    const { model, trainer } = create()
    const data = rows()
    const of = { data: { train: data } }
    data.restore({ epoch: 2, position: 3 })
    const before = { weights: await model.stateDict(), tensors: memory().numTensors }
    await trainer.profile({ ...of, steps: 3 })
    expect({ weights: await model.stateDict(), tensors: memory().numTensors }).toEqual(before)
    expect(data.state()).toEqual({ epoch: 2, position: 3 })
    await expect(trainer.profile({ ...of, steps: 0 })).rejects.toThrow(
      'expected steps to be a whole number of at least 1',
    )
    const { forward } = model
    model.forward = () => {
      throw new Error('no')
    }
    await expect(trainer.profile(of)).rejects.toThrow('no')
    model.forward = forward
    expect({ weights: await model.stateDict(), tensors: memory().numTensors }).toEqual(before)
    await trainer.profile({ ...of, steps: 1 }) // nothing observes any more
    model.dispose()
  })
})

test('the table has 80 columns at most, and sums up what it leaves out', () => {
  const profile: Profile = {
    steps: 10,
    milliseconds: { step: 100, data: 1, kernels: 90, host: 8, device: 1 },
    kernels: [
      { kernel: 'conv2dFilterGradientWithAVeryLongName', phase: 'backward', calls: 6, milliseconds: 60 },
      { kernel: 'conv2d', phase: 'forward', calls: 3, milliseconds: 25 },
      { kernel: 'adamUpdates', phase: 'update', calls: 1, milliseconds: 4 },
      { kernel: 'Add', phase: 'update', calls: 2.5, milliseconds: 1 },
    ],
    memory: { tensors: 60, bytes: 2_500_000, peakTensors: 140, peakBytes: 90_000_000 },
  }
  const lines = profileTable(profile, { rows: 2 }).split('\n')
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80)
  expect(lines).toEqual([
    'a step, mean of 10                                100.0 ms',
    '  data                                             1.00 ms   1.0%',
    '  kernels                                          90.0 ms  90.0%',
    '  host                                             8.00 ms   8.0%',
    '  device                                           1.00 ms   1.0%',
    'memory  60 tensors, 2.5 MB before a step; at most 140, 90.0 MB',
    '',
    'kernel                       phase      calls    own ms   share',
    'conv2dFilterGradientWithAVer backward       6      60.0   60.0%',
    'conv2d                       forward        3      25.0   25.0%',
    '2 more                                    3.5      5.00    5.0%',
  ])
})
