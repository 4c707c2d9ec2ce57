import { init, summary } from '@ddnet/layers'
import { memory, random } from '@ddnet/ops'
import { useBackend } from '@ddnet/testing'
import { expect, test } from 'vitest'
import { ConvNet } from './conv-net.ts'

test('ConvNet has the parameters of its layers, by hand: filters, norms and the head', () => {
  // 9 · (3 · 32 + 32 · 64 + 64 · 128) + 2 · (32 + 64 + 128) + 128 · 10 + 10
  expect(summary(new ConvNet(), [1, 32, 32, 3]).parameters).toBe(94_762)
})

test('ConvNet halves height and width in each stage, and takes any number of stages', () => {
  const { rows } = summary(new ConvNet({ inChannels: 1, classes: 3, channels: [4, 6] }), [2, 13, 8, 1])
  expect(rows.map(({ name, outputShape }) => [name, ...outputShape])).toEqual([
    ['features.0', 2, 13, 8, 4],
    ['features.1', 2, 13, 8, 4],
    ['features.4', 2, 6, 4, 6],
    ['features.5', 2, 6, 4, 6],
    ['head', 2, 3],
  ])
})

test('ConvNet predicts, and frees what it made', async () => {
  await useBackend('cpu')
  const before = memory().numTensors
  const model = init(new ConvNet({ channels: [4] }), random.key(1))
  const images = random.normal(random.key(2), [2, 4, 4, 3])
  const logits = model.predict(images)
  expect(logits.shape).toEqual([2, 10])
  for (const each of [logits, images, model]) each.dispose()
  expect(memory().numTensors).toBe(before)
})

test('ConvNet refuses channels that are not positive integers', () => {
  expect(() => new ConvNet({ channels: [] })).toThrow('ConvNet: expected channels as positive integers, got [].')
  expect(() => new ConvNet({ channels: [4, 1.5] })).toThrow('got [4,1.5]')
})
