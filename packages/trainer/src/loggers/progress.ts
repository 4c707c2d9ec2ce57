import type { Callback, Control } from '../callback.ts'
import type { StartEvent } from '../events.ts'
import { formatDuration } from '../format-duration.ts'
import type { Scores } from '../scores.ts'
import { expectSteps } from './every.ts'
import { numbersOf } from './scalars.ts'

export interface ProgressOptions {
  /** Every so many steps there is a line (100 by default), besides those of validations, epochs and the end. */
  readonly every?: number
  /** Where lines go, without their ends. */
  readonly to?: (line: string) => void
}

/**
 * Tells the run in plain lines:
 *
 * ```
 * step  100/2346 | epoch 1/3 | loss 1.923 | learning rate 3.10e-4 | 31.0 steps/s | data 2% | 1:12 left
 * step  782/2346 | epoch 1/3 | train/loss 1.557, train/accuracy 42.9% | validation/loss 1.331, validation/accuracy 51.7%
 * ```
 */
export function progress({ every = 100, to = (line) => console.log(line) }: ProgressOptions = {}): Callback {
  expectSteps('progress', every)
  let run: StartEvent | undefined
  /** Since the last line of a step. */
  let since = { steps: 0, seconds: 0, dataSeconds: 0 }
  let validatedAt = 0

  const say = ({ step, epoch }: { step: number; epoch: number }, ...parts: string[]) => {
    const { totalSteps, epochs } = run as StartEvent // it came before any other event
    const count = `step ${String(step).padStart(String(totalSteps).length)}/${totalSteps}`
    to([count, `epoch ${epoch}/${epochs}`, ...parts].join(' | '))
  }

  return {
    onStart(event) {
      run = event
      since = { steps: 0, seconds: 0, dataSeconds: 0 }
    },

    onStep(event) {
      since.steps++
      since.seconds += event.seconds
      since.dataSeconds += event.dataSeconds
      if (event.step % every !== 0) return
      const perStep = since.seconds / since.steps
      say(
        event,
        `loss ${short(event.loss)}`,
        `learning rate ${event.learningRate.toExponential(2)}`,
        ...speed(since),
        `${formatDuration(perStep * ((run as StartEvent).totalSteps - event.step))} left`,
      )
      since = { steps: 0, seconds: 0, dataSeconds: 0 }
    },

    onValidation(event, { format }) {
      validatedAt = event.step
      say(event, scores('train', event.train, format), scores('validation', event.validation, format))
    },

    onEpoch(event, { format }) {
      if (validatedAt !== event.step) say(event, scores('train', event.train, format))
    },

    onEnd({ reason, step, epoch, message }) {
      if (reason !== 'done') say({ step, epoch }, message === undefined ? reason : `${reason}: ${message}`)
    },
  }
}

function speed({ steps, seconds, dataSeconds }: { steps: number; seconds: number; dataSeconds: number }): string[] {
  const pace = steps >= seconds ? `${(steps / seconds).toFixed(1)} steps/s` : `${(seconds / steps).toFixed(1)} s/step`
  const data = Math.round((100 * dataSeconds) / seconds)
  return data > 0 ? [pace, `data ${data}%`] : [pace]
}

const scores = (prefix: 'train' | 'validation', all: Scores, format: Control['format']): string =>
  numbersOf(all)
    .map(([name, value]) => `${prefix}/${name} ${format(name, value)}`)
    .join(', ')

/** Four digits that count. */
const short = (value: number): string => value.toPrecision(4)
