import { imageDataset, loader } from '@ddnet/datasets'
import { Linear, Module } from '@ddnet/layers'
import { crossEntropy } from '@ddnet/losses'
import { accuracy, type ConfusionCounts, confusionMatrix } from '@ddnet/metrics'
import { reshape, type Scalar, type Tensor, type Tensor1D, type Tensor4D } from '@ddnet/ops'
import { sgd } from '@ddnet/optimizers'
import { expect, expectTypeOf, test } from 'vitest'
import { Trainer } from './index.ts'

// Only compiled: what is wrong here is an error of the type checker, and a wrong line without one too.

const images = () => imageDataset({ images: new Uint8Array(16), labels: Uint8Array.of(1), shape: [4, 4, 1] })
const data = () => ({ train: loader(images(), { batchSize: 1 }), validation: loader(images(), { batchSize: 1 }) })
class Net extends Module {
  readonly head = new Linear(16, 4)
  override forward(image: Tensor): Tensor {
    return this.head.forward(reshape(image, [-1, 16]))
  }
  extra(): number {
    return 1
  }
}
const [model, optimizer] = [new Net(), sgd()]

const single = () =>
  new Trainer({
    model,
    optimizer,
    data: data(),
    step: (batch, { model, training }) => {
      expectTypeOf(batch.image).toEqualTypeOf<Tensor4D>()
      expectTypeOf(batch.label).toEqualTypeOf<Tensor1D>()
      expectTypeOf(model.extra()).toBeNumber()
      expectTypeOf(training).toBeBoolean()
      const logits = model.forward(batch.image)
      return {
        loss: crossEntropy(logits, batch.label),
        metrics: { accuracy: accuracy(logits, batch.label), confusion: confusionMatrix(logits, batch.label) },
      }
    },
    monitor: 'accuracy',
  })

test('the batch’s type comes from the data, the model’s from the model, the scores’ from the measures', () => {
  expectTypeOf(single).returns.resolves
  expectTypeOf(() => single().evaluate()).returns.resolves.toExtend<{
    loss: number
    accuracy: number
    confusion: ConfusionCounts
  }>()
  expect(single).toBeTypeOf('function')
})

test('a wrong name of a field, a model or a metric is an error', () => {
  const wrong = [
    () =>
      new Trainer({
        model,
        optimizer,
        data: data(),
        // @ts-expect-error: the batch has `label`
        step: ({ image, labels }, { model }) => ({ loss: crossEntropy(model.forward(image), labels) }),
      }),
    () =>
      new Trainer({
        model,
        optimizer,
        data: data(),
        step: ({ image, label }, { model }) => ({
          loss: crossEntropy(model.forward(image), label),
          metrics: { accuracy: accuracy(model.forward(image), label) },
        }),
        // @ts-expect-error: the metric is called `accuracy`
        monitor: 'accurcy',
      }),
    () =>
      new Trainer({
        model,
        optimizer,
        data: data(),
        step: ({ image, label }, { model }) => ({
          loss: crossEntropy(model.forward(image), label),
          // @ts-expect-error: a number is no measure
          metrics: { accuracy: 0.5 },
        }),
      }),
    () =>
      new Trainer({
        models: { net: model },
        optimizers: { net: optimizer },
        data: data(),
        step: ({ image, label }, { models, update }) => ({
          // @ts-expect-error: there is no model `nett`
          net: update('nett', () => crossEntropy(models.net.forward(image), label)),
        }),
      }),
    () =>
      new Trainer({
        models: { net: model },
        // @ts-expect-error: each model needs an optimizer
        optimizers: {},
        data: data(),
        step: () => ({}),
      }),
    () =>
      new Trainer({
        models: { net: model },
        optimizers: { net: optimizer },
        data: data(),
        step: () => ({}),
        evaluate: ({ image, label }, { models }) => ({
          loss: crossEntropy(models.net.forward(image), label),
          metrics: { accuracy: accuracy(models.net.forward(image), label) },
        }),
        // @ts-expect-error: `evaluate` measures `accuracy`
        monitor: 'loss2',
      }),
    () => {
      const masks = loader({ length: 1, get: async () => ({ mask: 1 }) }, { batchSize: 1 })
      // @ts-expect-error: its batches have no `image`
      return single().evaluate(masks)
    },
  ]
  expect(wrong).toHaveLength(7)
})

test('`update` gives what its function gives', () => {
  const several = () =>
    new Trainer({
      models: { net: model, other: new Linear(16, 4) },
      optimizers: { net: optimizer, other: optimizer },
      data: data(),
      step: ({ image, label }, { models, update }) => {
        expectTypeOf(models.net.extra()).toBeNumber()
        expectTypeOf(models.other).toEqualTypeOf<Linear>()
        const net = update('net', () => crossEntropy(models.net.forward(image), label))
        expectTypeOf(net.mean).toEqualTypeOf<Scalar>()
        return { net }
      },
    })
  expect(several).toBeTypeOf('function')
})
