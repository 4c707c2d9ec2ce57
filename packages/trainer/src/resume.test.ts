import { random } from '@ddnet/ops'
import { sgd } from '@ddnet/optimizers'
import { useBackend } from '@ddnet/testing'
import { beforeAll, describe, expect, test } from 'vitest'
import { create, recorder, trainOnly } from '../test/small-runs.ts'
import { classify, tinyNet } from '../test/tiny.ts'
import { type Snapshot, Trainer } from './index.ts'

beforeAll(() => useBackend('cpu'))

describe('a resumed run', () => {
  /** Trains to `steps`, taking a snapshot at each given step; returns what it saw. */
  async function train(options: { steps: number; snapshotAt?: number; resume?: Snapshot; stopAt?: number }) {
    const { events, callback } = recorder({
      needsState: (step) => step === options.snapshotAt,
      onStep: async ({ step }, control) => {
        if (step !== options.snapshotAt) return
        // Through JSON and back, as a file would.
        const snapshot = await control.snapshot()
        taken = { ...snapshot, ...JSON.parse(JSON.stringify({ loader: snapshot.loader, running: snapshot.running })) }
        control.stop()
      },
      onEnd: async (_, control) => {
        final = await control.snapshot()
      },
    })
    let taken: Snapshot | undefined
    let final: Snapshot | undefined
    const { model, trainer } = create([callback], (step) => 0.05 / (1 + step))
    const { history } = await trainer.fit({
      steps: options.steps,
      validateEvery: 4,
      key: random.key(9),
      ...(options.resume === undefined ? {} : { resume: options.resume }),
    })
    model.dispose()
    const timeless = <T extends object>(event: T) => ({ ...event, seconds: 0, dataSeconds: 0 })
    return {
      events,
      taken: taken as unknown as Snapshot,
      final: final as unknown as Snapshot,
      history: {
        steps: history.steps.map(timeless),
        validations: history.validations.map(timeless),
        epochs: history.epochs.map(timeless),
      },
    }
  }

  // An epoch has five steps, a validation comes every four: inside an epoch, before a validation, at an epoch's end.
  test.each([1, 3, 4, 5, 8, 10, 12])('after step %i is the unbroken run, bit for bit', async (step) => {
    const whole = await train({ steps: 12 })
    const first = await train({ steps: 12, snapshotAt: step })
    const second = await train({ steps: 12, resume: first.taken })
    expect(first.history.steps).toHaveLength(step)
    expect(second.final).toEqual(whole.final)
    expect([...first.history.steps, ...second.history.steps]).toEqual(whole.history.steps)
    expect([...first.history.validations, ...second.history.validations]).toEqual(whole.history.validations)
    expect([...first.history.epochs, ...second.history.epochs]).toEqual(whole.history.epochs)
  })

  test('goes on with its own key, and refuses another', async () => {
    const { taken } = await train({ steps: 12, snapshotAt: 4 })
    expect(taken.key).toEqual({ high: 0, low: 9 })
    const { model, trainer } = create()
    const other = trainer.fit({ steps: 12, resume: taken, key: random.key(10) })
    await expect(other).rejects.toThrow('started with another key')
    model.dispose()
  })

  test('refuses the state of another optimizer', async () => {
    const { taken } = await train({ steps: 12, snapshotAt: 4 })
    const model = tinyNet()
    const optimizer = sgd({ momentum: 0.9 })
    const trainer = new Trainer({ model, optimizer, data: trainOnly(), step: classify })
    await expect(trainer.fit({ steps: 12, resume: taken })).rejects.toThrow(
      'resume: the saved state does not fit this optimizer: missing momentum.velocity.hidden.weight',
    )
    model.dispose()
  })
})
