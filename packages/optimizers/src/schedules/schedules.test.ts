import { jsonFixture } from '@ddnet/testing'
import { describe, expect, test } from 'vitest'
import {
  adamW,
  chain,
  constant,
  cosine,
  cosineWarmRestarts,
  exponential,
  linearSchedule,
  lookahead,
  multiStep,
  oneCycle,
  partition,
  reduceOnPlateau,
  type Schedule,
  type ScoreWatcher,
  scaled,
  sequence,
  sgd,
  stepDecay,
  warmUp,
} from '../index.ts'

/** The fixtures' cases in our words. */
const create: Record<string, (options: never) => Schedule> = {
  oneCycle,
  cosine,
  step: stepDecay,
  linear: linearSchedule,
  exponential,
  multiStep,
  cosineWarmRestarts,
  warmUp: ({ learningRate, cosineSteps, ...options }: Record<'learningRate' | 'cosineSteps' | 'steps', number>) =>
    warmUp({ ...options, schedule: cosine({ learningRate, steps: cosineSteps }) }),
  sequence: ({ learningRate, milestones }: { learningRate: number; milestones: number[] }) =>
    sequence(
      [
        constant(learningRate),
        exponential({ learningRate, factor: 0.9 }),
        stepDecay({ learningRate, every: 10, factor: 0.5 }),
      ],
      milestones,
    ),
}
interface ScheduleCase {
  name: string
  schedule: string
  options: never
  values: number[]
}
const { cases } = jsonFixture('operators/schedules.json') as { cases: ScheduleCase[] }

interface PlateauCase {
  name: string
  options: Parameters<typeof reduceOnPlateau>[0]
  better: 'higher' | 'lower'
  /** Null where it was NaN. */
  scores: (number | null)[]
  rates: number[]
}
const plateaus = jsonFixture('operators/plateaus.json') as { cases: PlateauCase[] }
const watcherOf = ({ watchers = [] }: Schedule): ScoreWatcher => {
  expect(watchers).toHaveLength(1)
  return watchers[0] as ScoreWatcher
}

describe('schedules', () => {
  test.each(cases)('equals torch.optim.lr_scheduler: $name', ({ schedule, options, values }) => {
    const rate = (create[schedule] as (typeof create)[string])(options)
    expect(values.length).toBeGreaterThanOrEqual(37)
    for (const [step, expected] of values.entries()) {
      // Relative to the largest rate: PyTorch's cosine is a recursion that gathers float64 rounding errors.
      expect(Math.abs(rate(step) - expected)).toBeLessThan(1e-13 * Math.max(...values))
    }
  })

  test.each(plateaus.cases)(
    'reduceOnPlateau equals ReduceLROnPlateau, saved and restored on the way: $name',
    ({ options, better, scores, rates }) => {
      let rate = reduceOnPlateau(options)
      expect(rate(0)).toBe(options.learningRate)
      expect(new Set(rates).size).toBeGreaterThan(1)
      const seen = scores.map((score, index) => {
        watcherOf(rate).observe({ of: 'loss', value: score ?? Number.NaN, better })
        if (index % 7 === 3) {
          const saved = JSON.parse(JSON.stringify(watcherOf(rate).state()))
          rate = reduceOnPlateau(options)
          watcherOf(rate).restore(saved)
        }
        return rate(1000 * index)
      })
      expect(seen).toEqual(rates)
    },
  )

  test('reduceOnPlateau begins anew with a run, and waits anew for another score', () => {
    const rate = reduceOnPlateau({ learningRate: 1, factor: 0.5, patience: 1 })
    const watcher = watcherOf(rate)
    const observe = (of: string, ...values: number[]) => {
      for (const value of values) watcher.observe({ of, value, better: 'lower' })
      return rate(0)
    }
    expect(observe('loss', 1, 1)).toBe(1)
    expect(observe('error', 5, 5)).toBe(1) // one bad score of each
    expect(observe('error', 5)).toBe(0.5)
    watcher.reset()
    expect(rate(0)).toBe(1)
    expect(observe('loss', Number.POSITIVE_INFINITY, Number.NaN)).toBe(0.5)
    expect(() => watcher.restore({ of: 'loss', rate: 'a tenth' })).toThrow('expected the state that it saved')
  })

  test('what is made of a schedule that watches the scores watches them, too', () => {
    const plateau = reduceOnPlateau({ learningRate: 0.1, factor: 0.5, patience: 0 })
    const watcher = watcherOf(plateau)
    const rates = [
      scaled(plateau, 0.1),
      warmUp({ steps: 10, schedule: plateau }),
      sequence([constant(1), plateau], [3]),
      chain(sgd({ learningRate: plateau, momentum: 0.9 })).learningRate,
      lookahead(sgd({ learningRate: plateau })).learningRate,
      partition((path) => (path === 'a' ? 'a' : 'b'), {
        a: sgd({ learningRate: 1 }),
        b: chain(adamW({ learningRate: scaled(plateau, 0.5) })),
      }).learningRate,
    ]
    for (const rate of rates) expect(watcherOf(rate)).toBe(watcher)
    watcher.observe({ of: 'loss', value: 1, better: 'lower' })
    watcher.observe({ of: 'loss', value: 2, better: 'lower' })
    expect(rates.map((rate) => rate(20))).toEqual([0.1 * 0.05, 0.05, 0.05, 0.05, 0.05, 1])
    expect(rates[1]?.(5)).toBeCloseTo(0.05 * (0.01 + 0.99 * 0.5), 12)
    expect(scaled(constant(1), 2).watchers).toBeUndefined()
  })

  test('warmUp of no steps is the schedule', () => {
    expect(warmUp({ steps: 0, schedule: 0.3 })(0)).toBe(0.3)
    expect([0, 1, 2, 3].map(warmUp({ steps: 2, schedule: 1, startFactor: 0 }))).toEqual([0, 0.5, 1, 1])
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
    ['linearSchedule: expected steps', () => linearSchedule({ learningRate: 1, steps: 0 })],
    ['linearSchedule: expected endFactor', () => linearSchedule({ learningRate: 1, steps: 1, endFactor: -1 })],
    ['exponential: expected factor', () => exponential({ learningRate: 1, factor: -1 })],
    [
      'multiStep: expected milestones[1] to be a whole number of at least 1',
      () => multiStep({ learningRate: 1, milestones: [5, 0] }),
    ],
    ['larger than the one before, got [5, 5]', () => sequence([constant(1), constant(1), constant(1)], [5, 5])],
    ['cosineWarmRestarts: expected tMult', () => cosineWarmRestarts({ learningRate: 1, steps: 1, tMult: 1.5 })],
    [
      'sequence: expected a milestone between each two schedules, got 1 schedules and 1 milestones',
      () => sequence([constant(1)], [5]),
    ],
    ['sequence: expected milestones', () => sequence([constant(1), constant(2)], [-1])],
    ['warmUp: expected steps', () => warmUp({ steps: -1, schedule: 1 })],
    ['warmUp: expected startFactor', () => warmUp({ steps: 1, schedule: 1, startFactor: -1 })],
    ['scaled: expected a factor', () => scaled(1, -1)],
    ['reduceOnPlateau: expected a factor below 1', () => reduceOnPlateau({ learningRate: 1, factor: 1 })],
    ['reduceOnPlateau: expected patience', () => reduceOnPlateau({ learningRate: 1, patience: 1.5 })],
    ['expected a learningRate', () => reduceOnPlateau({ learningRate: Number.NaN })],
  ])('refuses: %s', (message, run) => {
    expect(run).toThrow(RangeError)
    expect(run).toThrow(message)
  })
})
