import { describe, expect, test } from 'vitest'
import type { Callback, Control } from './callback.ts'
import { type EarlyStoppingOptions, earlyStopping } from './early-stopping.ts'

/** The validation, from 1, after which it stopped; undefined where it did not. */
function stoppedAt(scores: number[], options: EarlyStoppingOptions, callback: Callback = earlyStopping(options)) {
  let message: string | undefined
  const control: Control = {
    stop: (why) => {
      message ??= why
    },
    snapshot: () => Promise.reject(new Error('not asked for')),
  }
  for (const [index, value] of scores.entries()) {
    const { score = 'loss' } = options
    const validation = { loss: 0, [score]: value }
    callback.onValidation?.({ step: index + 1, epoch: 1, seconds: 0, train: { loss: 0 }, validation }, control)
    if (message !== undefined) return { at: index + 1, message }
  }
  return undefined
}

describe('earlyStopping', () => {
  test.each<[string, number[], EarlyStoppingOptions, number | undefined]>([
    ['waits for the loss to fall', [5, 4, 4.5, 4.2, 4.1], { patience: 3 }, 5],
    ['starts to wait again after each better one', [5, 6, 6, 4, 6, 6, 6], { patience: 3 }, 7],
    ['goes on while it gets better', [5, 4, 3, 2], { patience: 1 }, undefined],
    ['any other score is better when it is higher', [0.5, 0.6, 0.55], { patience: 1, score: 'accuracy' }, 3],
    ['less than minChange is nothing better', [5, 4.95, 4.9], { patience: 2, minChange: 0.2 }, 3],
    ['slow progress adds up to minChange', [5, 4.9, 4.8, 4.7], { patience: 2, minChange: 0.2 }, undefined],
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
    const control: Control = {
      stop: (why) => stops.push(why),
      snapshot: () => Promise.reject(new Error('not asked for')),
    }
    again.onStart?.({ totalSteps: 9, stepsPerEpoch: 1, epochs: 9, startStep: 3 }, control)
    expect(stops).toEqual([message])
  })

  test.each<[string, () => unknown]>([
    ['expected patience to be a whole number of at least 1, got 0', () => earlyStopping({ patience: 0 })],
    ['expected minChange of at least 0, got -1', () => earlyStopping({ minChange: -1 })],
    [
      "no number 'acuracy'. Its scores are loss.",
      () => {
        const validation = { step: 1, epoch: 1, seconds: 0, train: { loss: 0 }, validation: { loss: 0 } }
        earlyStopping({ score: 'acuracy' }).onValidation?.(validation, {} as Control)
      },
    ],
  ])('refuses: %s', (message, run) => {
    expect(run).toThrow(message)
  })
})
