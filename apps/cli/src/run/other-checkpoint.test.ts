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
const records = [record(100, 0.5), record(200, 0.45), record(300, 0.4)]

test('the last is told that the best was better, an older one too', () => {
  const better = 'The best checkpoint was better: 50.0% of 1,000 validation images at step 100'
  expect(otherCheckpoint(300, index, records)).toBe(
    `${better}, this one 40.0% of 1,000 validation images at step 300. Take it with --checkpoint best`,
  )
  expect(otherCheckpoint(200, index, records)).toContain(better)
})

test('the best is told that the last is newer', () => {
  expect(otherCheckpoint(100, index, records)).toBe(
    'The last checkpoint is newer: 40.0% of 1,000 validation images at step 300, this one 50.0% of 1,000 validation images at step 100. Take it with --checkpoint last',
  )
})

test('an equal one is no better', () => {
  expect(otherCheckpoint(300, index, [record(100, 0.5), record(300, 0.5)])).toBeUndefined()
})

test('a step without a record is named', () => {
  expect(otherCheckpoint(300, index, [])).toBe(
    'The best checkpoint was better: step 100, this one step 300. Take it with --checkpoint best',
  )
})

test('there is nothing to say of a run whose last is its best, or that has no best', () => {
  expect(otherCheckpoint(300, { ...index, best: { ...index.best, step: 300 } }, records)).toBeUndefined()
  expect(otherCheckpoint(300, { last: index.last }, records)).toBeUndefined()
})
