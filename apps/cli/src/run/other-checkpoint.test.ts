import type { MetricsRecord } from '@ddnet/experiment'
import { expect, test } from 'vitest'
import { otherCheckpoint } from './other-checkpoint.ts'

const record = (step: number, accuracy: number): MetricsRecord => ({
  step,
  epoch: 1,
  learningRate: 0.1,
  seconds: 1,
  train: { loss: 1, accuracy },
  validation: { loss: 1, accuracy, images: 1000 },
})
const index = {
  last: { name: 'step=000300', step: 300 },
  best: { name: 'step=000100', step: 100, score: 0.5, of: 'accuracy' },
}
const scores: Parameters<typeof otherCheckpoint>[3] = {
  accuracy: { title: 'accuracy', short: 'acc', better: 'higher', format: (value) => `${(100 * value).toFixed(1)}%` },
}
const records = [record(100, 0.5), record(200, 0.45), record(300, 0.4)]

test('the last is told that the best was better, an older one too', () => {
  const better = 'The best checkpoint was better: acc 50.0% on 1,000 validation images at step 100'
  expect(otherCheckpoint(300, index, records, scores)).toBe(
    `${better}, this one acc 40.0% on 1,000 validation images at step 300. Take it with --checkpoint best`,
  )
  expect(otherCheckpoint(200, index, records, scores)).toContain(better)
})

test('the best is told that the last is newer', () => {
  expect(otherCheckpoint(100, index, records, scores)).toBe(
    'The last checkpoint is newer: acc 40.0% on 1,000 validation images at step 300, this one acc 50.0% on 1,000 validation images at step 100. Take it with --checkpoint last',
  )
})

test('what counts is the score that the best one was chosen by, as its task tells it', () => {
  const found = { ...index, best: { ...index.best, of: 'meanIou', score: 0.3 } }
  const validation = (meanIou: number) => ({ loss: 1, accuracy: 0.9, meanIou, images: 20 })
  const measured = records.map((each, at) => ({ ...each, validation: validation([0.3, 0.2, 0.1][at] ?? 0) }))
  const view = { title: 'mean intersection over union', short: 'mIoU', better: 'higher', format: String } as const
  expect(otherCheckpoint(300, found, measured, { ...scores, meanIou: view })).toBe(
    'The best checkpoint was better: mIoU 0.3 on 20 validation images at step 100, this one mIoU 0.1 on 20 validation images at step 300. Take it with --checkpoint best',
  )
})

test('an equal one is no better', () => {
  expect(otherCheckpoint(300, index, [record(100, 0.5), record(300, 0.5)], scores)).toBeUndefined()
})

test('a step without a record is named', () => {
  expect(otherCheckpoint(300, index, [], scores)).toBe(
    'The best checkpoint was better: step 100, this one step 300. Take it with --checkpoint best',
  )
})

test('there is nothing to say of a run whose last is its best, or that has no best', () => {
  expect(otherCheckpoint(300, { ...index, best: { ...index.best, step: 300 } }, records, scores)).toBeUndefined()
  expect(otherCheckpoint(300, { last: index.last }, records, scores)).toBeUndefined()
})
