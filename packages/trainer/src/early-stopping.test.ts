import { describe, expect, test } from 'vitest'
import type { Callback, Control } from './callback.ts'
import { type EarlyStoppingOptions, earlyStopping } from './early-stopping.ts'
import type { ValidationEvent } from './events.ts'
import type { Monitored } from './scores.ts'

const controlOf = (stop: Control['stop']): Control => ({
  stop,
  snapshot: () => Promise.reject(new Error('not asked for')),
  format: (_, value) => String(value),
})
const validationOf = (step: number, monitored: Monitored): ValidationEvent => ({
  step,
  epoch: 1,
  seconds: 0,
  train: { loss: 0 },
  validation: { loss: 0 },
  monitored,
  learningRate: 0.1,
})

/** The validation, from 1, after which it stopped; undefined where it did not. */
function stoppedAt(
  scores: number[],
  { better = 'lower', ...options }: EarlyStoppingOptions & { better?: 'higher' | 'lower' },
  callback: Callback = earlyStopping(options),
) {
  let message: string | undefined
  const control = controlOf((why) => {
    message ??= why
  })
  for (const [index, value] of scores.entries()) {
    callback.onValidation?.(validationOf(index + 1, { name: 'loss', value, better }), control)
    if (message !== undefined) return { at: index + 1, message }
  }
  return undefined
}

describe('earlyStopping', () => {
  test.each<[string, number[], EarlyStoppingOptions & { better?: 'higher' }, number | undefined]>([
    ['waits for the loss to fall', [5, 4, 4.5, 4.2, 4.1], { patience: 3 }, 5],
    ['starts to wait again after each better one', [5, 6, 6, 4, 6, 6, 6], { patience: 3 }, 7],
    ['goes on while it gets better', [5, 4, 3, 2], { patience: 1 }, undefined],
    ['waits for a score to rise that is better when higher', [0.5, 0.6, 0.55], { patience: 1, better: 'higher' }, 3],
    ['less than minDelta does not count as better', [5, 4.95, 4.9], { patience: 2, minDelta: 0.2 }, 3],
    ['slow progress adds up to minDelta', [5, 4.9, 4.8, 4.7], { patience: 2, minDelta: 0.2 }, undefined],
    ['equal is not better', [5, 5], { patience: 1 }, 2],
    ['NaN is not better', [Number.NaN, 5, Number.NaN, Number.NaN], { patience: 2 }, 4],
  ])('%s', (_, scores, options, at) => {
    expect(stoppedAt(scores, options)?.at).toBe(at)
  })

  test('says what it waited for', () => {
    expect(stoppedAt([5, 4, 6, 6], { patience: 2 })?.message).toBe(
      "Early stopping: 2 validations brought nothing better than 4 of step 2 for the score 'loss'.",
    )
  })

  test('goes on in another process as if there had been no break', () => {
    const options = { patience: 3 }
    const first = earlyStopping(options)
    expect(stoppedAt([5, 6, 6], options, first)).toBeUndefined()
    const second = earlyStopping(options)
    second.restore?.(JSON.parse(JSON.stringify(first.state?.())))
    expect(stoppedAt([5.5], options, second)?.at).toBe(1)
  })

  test('a run that it has ended stays ended', () => {
    const ended = earlyStopping({ patience: 2 })
    const message = stoppedAt([5, 6, 6], { patience: 2 }, ended)?.message
    const again = earlyStopping({ patience: 2 })
    again.restore?.(JSON.parse(JSON.stringify(ended.state?.())))
    const stops: (string | undefined)[] = []
    const control = controlOf((why) => stops.push(why))
    again.onStart?.({ totalSteps: 9, stepsPerEpoch: 1, epochs: 9, startStep: 3 }, control)
    expect(stops).toEqual([message])
  })

  test('begins to wait anew where another score is monitored', () => {
    const first = earlyStopping({ patience: 3 })
    expect(stoppedAt([5, 6, 6], { patience: 3 }, first)).toBeUndefined()
    const stops: (string | undefined)[] = []
    const other = (step: number, value: number) =>
      first.onValidation?.(
        validationOf(step, { name: 'accuracy', value, better: 'higher' }),
        controlOf((why) => stops.push(why)),
      )
    for (const [at, value] of [0.5, 0.4, 0.4].entries()) other(at + 4, value)
    expect(stops).toEqual([])
    other(7, 0.4)
    expect(stops).toEqual([
      "Early stopping: 3 validations brought nothing better than 0.5 of step 4 for the score 'accuracy'.",
    ])
  })

  test.each<[string, () => unknown]>([
    ['expected patience to be a whole number of at least 1, got 0', () => earlyStopping({ patience: 0 })],
    ['expected minDelta of at least 0, got -1', () => earlyStopping({ minDelta: -1 })],
  ])('refuses: %s', (message, run) => {
    expect(run).toThrow(message)
  })
})
