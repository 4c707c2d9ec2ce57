import { average, confusionMatrix } from '@ddnet/metrics'
import { memory } from '@ddnet/ops'
import { sgd } from '@ddnet/optimizers'
import { useBackend } from '@ddnet/testing'
import { beforeAll, describe, expect, test } from 'vitest'
import { evaluationLoader, trainLoader } from '../test/small-runs.ts'
import { classify, tinyNet } from '../test/tiny.ts'
import { Trainer } from './index.ts'

beforeAll(() => useBackend('cpu'))

describe('what is monitored', () => {
  const measured = (better?: 'higher' | 'lower') => {
    const model = tinyNet()
    return new Trainer({
      model,
      optimizer: sgd(),
      data: { train: trainLoader(), validation: evaluationLoader() },
      step: (batch, context) => {
        const logits = context.model.forward(batch.image)
        return {
          ...classify(batch, context),
          metrics: {
            each: confusionMatrix(logits, batch.label),
            mean: average(logits, better === undefined ? {} : { better }),
          },
        }
      },
      monitor: 'mean',
    })
  }

  test('is told with each validation, with its direction', async () => {
    const { history } = await measured('lower').fit({ epochs: 1 })
    const [{ validation, monitored } = expect.fail()] = history.validations
    expect(monitored).toEqual({ name: 'mean', value: validation['mean'], better: 'lower' })
  })

  test('is the loss by default', async () => {
    const model = tinyNet()
    const data = { train: trainLoader(), validation: evaluationLoader() }
    const { history } = await new Trainer({ model, optimizer: sgd(), data, step: classify }).fit({ epochs: 1 })
    const [{ validation, monitored } = expect.fail()] = history.validations
    expect(monitored).toEqual({ name: 'loss', value: validation.loss, better: 'lower' })
  })

  test('must say which way is better, and be a number that is there', async () => {
    await expect(measured().fit({ epochs: 1 })).rejects.toThrow("the metric 'mean' does not say which way is better")
    const model = tinyNet()
    const data = { train: trainLoader(), validation: evaluationLoader() }
    const monitoring = (monitor: string) =>
      new Trainer({
        model,
        optimizer: sgd(),
        data,
        step: (batch, context) => ({
          ...classify(batch, context),
          metrics: { each: confusionMatrix(context.model.forward(batch.image), batch.label) },
        }),
        monitor: monitor as 'loss',
      }).fit({ epochs: 1 })
    const before = memory().numTensors
    await expect(monitoring('each')).rejects.toThrow("expected to monitor a number, and 'each' is none")
    await expect(monitoring('accurcy')).rejects.toThrow(
      "the validation has no score 'accurcy' to monitor. Its scores are loss, each.",
    )
    expect(memory().numTensors).toBe(before)
  })
})
