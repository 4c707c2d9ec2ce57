import { formatPercent } from '@ddnet/metrics'
import { describe, expect, test } from 'vitest'
import { type Callback, type Control, progress } from '../index.ts'

describe('progress', () => {
  const control: Control = {
    stop: () => {},
    snapshot: () => Promise.reject(new Error('not asked for')),
    format: (name, value) => (name === 'loss' ? Number(value).toFixed(3) : formatPercent(Number(value))),
  }
  const start = { totalSteps: 1200, stepsPerEpoch: 400, epochs: 3, startStep: 0 }
  const told = (options: object = {}) => {
    const lines: string[] = []
    return { lines, callback: progress({ ...options, to: (line) => void lines.push(line) }) as Required<Callback> }
  }

  test('tells loss, learning rate, pace, waiting and what is left', () => {
    const { lines, callback } = told({ every: 2 })
    callback.onStart(start, control)
    const step = { epoch: 1, learningRate: 3e-4, batchSize: 64 }
    callback.onStep({ ...step, step: 1, loss: 2.3, seconds: 1, dataSeconds: 0.1 }, control)
    callback.onStep({ ...step, step: 2, loss: 1.92345, seconds: 3, dataSeconds: 0.1 }, control)
    callback.onStep({ ...step, step: 3, loss: 2, seconds: 0.1, dataSeconds: 0 }, control)
    callback.onStep({ ...step, step: 4, loss: 0.5, seconds: 0.1, dataSeconds: 0 }, control)
    expect(lines).toEqual([
      'step    2/1200 | epoch 1/3 | loss 1.923 | learning rate 3.00e-4 | 2.0 s/step | data 5% | 39:56 left',
      'step    4/1200 | epoch 1/3 | loss 0.5000 | learning rate 3.00e-4 | 10.0 steps/s | 2:00 left',
    ])
  })

  test('tells validations, epochs without one, and an end before the last step', () => {
    const { lines, callback } = told()
    callback.onStart(start, control)
    const train = { loss: 1.5, accuracy: 0.25, confusion: [[1]] }
    callback.onValidation(
      {
        step: 400,
        epoch: 1,
        seconds: 1,
        train,
        validation: { loss: 1.25, accuracy: 0.5 },
        monitored: { name: 'loss', value: 1.25, better: 'lower' },
        learningRate: 0.1,
      },
      control,
    )
    callback.onEpoch({ step: 400, epoch: 1, seconds: 1, train }, control)
    callback.onEpoch({ step: 800, epoch: 2, seconds: 1, train }, control)
    callback.onEnd({ reason: 'stopped', step: 900, epoch: 3, message: 'Ctrl-C' }, control)
    expect(lines).toEqual([
      'step  400/1200 | epoch 1/3 | train/loss 1.500, train/accuracy 25.0% | validation/loss 1.250, validation/accuracy 50.0%',
      'step  800/1200 | epoch 2/3 | train/loss 1.500, train/accuracy 25.0%',
      'step  900/1200 | epoch 3/3 | stopped: Ctrl-C',
    ])
  })
})
