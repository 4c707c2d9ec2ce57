import { expect, test } from 'vitest'
import { bundled } from './bundle.ts'
import { folders } from './folder.ts'
import { slope, trainAndSample } from './memory/measure.ts'

const newFolder = folders()
const script = bundled(new URL('./memory/train.ts', import.meta.url))

test('200 steps with validations, checkpoints and a log leave as many tensors as there were', async () => {
  const samples = await trainAndSample(script(), newFolder(), { steps: 200, samples: 5 })
  const [first] = samples
  expect(samples.map(({ step, numTensors, numBytes }) => [step, numTensors, numBytes])).toEqual(
    [40, 80, 120, 160, 200].map((step) => [step, first?.numTensors, first?.numBytes]),
  )
})

test('the slope of a line is that of its points', () => {
  expect(slope([1, 2, 3, 7].map((x) => [x, 3 * x - 5]))).toBeCloseTo(3, 12)
})
