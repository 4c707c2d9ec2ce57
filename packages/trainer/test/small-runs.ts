import { loader } from '@ddnet/datasets'
import { crossEntropy } from '@ddnet/losses'
import { accuracy, confusionMatrix } from '@ddnet/metrics'
import { random } from '@ddnet/ops'
import { adam } from '@ddnet/optimizers'
import { type Callback, Trainer } from '../src/index.ts'
import { brightRows, tinyNet } from './tiny.ts'

export const trainLoader = (length = 40) =>
  loader(brightRows(length), { batchSize: 8, shuffle: true, key: random.key(5) })
export const evaluationLoader = (length = 20) => loader(brightRows(length, 2), { batchSize: 8 })
export const create = (callbacks: Callback[] = [], learningRate: number | ((step: number) => number) = 0.03) => {
  const model = tinyNet()
  const trainer = new Trainer({
    model,
    optimizer: adam({ learningRate }),
    data: { train: trainLoader(), validation: evaluationLoader() },
    step: ({ image, label }, { model }) => {
      const logits = model.forward(image)
      return {
        loss: crossEntropy(logits, label),
        metrics: { accuracy: accuracy(logits, label), confusion: confusionMatrix(logits, label) },
      }
    },
    monitor: 'accuracy',
    callbacks,
  })
  return { model, trainer }
}
/** Without validation. */
export const trainOnly = () => ({ train: trainLoader() })

/** Writes down what happens, as `step 1`, `validation 5`, …, and whatever `also` wants. */
export function recorder(also: Callback = {}) {
  const events: string[] = []
  const callback: Callback = {
    ...also,
    onStart: async (event, control) => {
      events.push(`start ${event.startStep}/${event.totalSteps}`)
      await also.onStart?.(event, control)
    },
    onStep: async (event, control) => {
      events.push(`step ${event.step}`)
      await also.onStep?.(event, control)
    },
    onValidation: async (event, control) => {
      events.push(`validation ${event.step}`)
      await also.onValidation?.(event, control)
    },
    onEpoch: async (event, control) => {
      events.push(`epoch ${event.epoch} after ${event.step}`)
      await also.onEpoch?.(event, control)
    },
    onEnd: async (event, control) => {
      events.push(`end ${event.reason} ${event.step}`)
      await also.onEnd?.(event, control)
    },
  }
  return { events, callback }
}
