import { jsonFixture } from '@ddnet/testing'
import { describe, expect, test } from 'vitest'
import { constant, cosine, oneCycle, type Schedule, stepDecay } from '../index.ts'

interface ScheduleCase {
  name: string
  schedule: 'oneCycle' | 'cosine' | 'step'
  options: never
  values: number[]
}
const { cases } = jsonFixture('operators/schedules.json') as { cases: ScheduleCase[] }
const create: Record<ScheduleCase['schedule'], (options: never) => Schedule> = { oneCycle, cosine, step: stepDecay }

describe('schedules', () => {
  test.each(cases)('equals torch.optim.lr_scheduler: $name', ({ schedule, options, values }) => {
    const rate = create[schedule](options)
    for (const [step, expected] of values.entries()) {
      // Relative to the largest rate: PyTorch's cosine is a recursion that gathers float64 rounding errors.
      expect(Math.abs(rate(step) - expected)).toBeLessThan(1e-13 * Math.max(...values))
    }
  })

  test("oneCycle's defaults are OneCycleLR's", () => {
    const values = cases.find((each) =>
      each.name.startsWith('oneCycle maxLearningRate 0.004 steps 100 pctStart 0.3'),
    )?.values
    const rate = oneCycle({ maxLearningRate: 4e-3, steps: 100 })
    expect(values?.map((_, step) => Math.abs(rate(step) - (values[step] as number)) < 1e-16)).not.toContain(false)
  })

  test('oneCycle of one step is at its end', () => {
    expect(oneCycle({ maxLearningRate: 1, steps: 1 })(0)).toBeCloseTo(1 / 25 / 1e4, 12)
  })

  test('constant stays', () => {
    expect([0, 5, 1e9].map(constant(0.3))).toEqual([0.3, 0.3, 0.3])
  })

  test.each<[string, () => unknown]>([
    ['oneCycle: expected a step below its 10 steps, got 10', () => oneCycle({ maxLearningRate: 1, steps: 10 })(10)],
    ['cosine: expected a step of at most its 10 steps, got 11', () => cosine({ learningRate: 1, steps: 10 })(11)],
    ['oneCycle: expected steps to be a whole number', () => oneCycle({ maxLearningRate: 1, steps: 0 })],
    ['oneCycle: expected maxLearningRate', () => oneCycle({ maxLearningRate: -1, steps: 10 })],
    ['oneCycle: expected pctStart', () => oneCycle({ maxLearningRate: 1, steps: 10, pctStart: 1.1 })],
    ['oneCycle: expected divFactor', () => oneCycle({ maxLearningRate: 1, steps: 10, divFactor: 0 })],
    ['cosine: expected steps', () => cosine({ learningRate: 1, steps: 1.5 })],
    ['stepDecay: expected every', () => stepDecay({ learningRate: 1, every: 0 })],
    ['stepDecay: expected factor', () => stepDecay({ learningRate: 1, every: 1, factor: -1 })],
    ['expected a learningRate', () => constant(-1)],
  ])('refuses: %s', (message, run) => {
    expect(run).toThrow(RangeError)
    expect(run).toThrow(message)
  })
})
