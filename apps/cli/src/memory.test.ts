import { useBackend } from '@ddnet/testing'
import { beforeAll, expect, test } from 'vitest'
import { createModel } from './experiment.ts'
import { evaluationBatchSize, refuseTooLarge } from './memory.ts'

beforeAll(() => useBackend('cpu'))

const cpu = { name: 'tensorflow', accelerated: false }
const seed = () => createModel({ model: { name: 'seed' }, seed: 1 }, 10)
const ddnet = () =>
  createModel({ model: { name: 'ddnet', channels: [32, 64, 128], normalization: 'batch' }, seed: 1 }, 10)

test("the article's 224 pixels at batch 128 are refused with the estimate and what fits", () => {
  expect(() => refuseTooLarge(seed(), { size: 224, batchSize: 128 }, cpu, 32e9)).toThrow(
    /^a step with batchSize=128 and size=224 needs about 90\.9 GB of memory, and this machine has 32\.0 GB\. Try batchSize=\d+, or size=32$/,
  )
})

test('what it proposes fits, and one more does not', () => {
  const propose = () => refuseTooLarge(seed(), { size: 224, batchSize: 128 }, cpu, 32e9)
  const message = String(catchError(propose))
  const batchSize = Number(/batchSize=(\d+), or/.exec(message)?.[1])
  expect(() => refuseTooLarge(seed(), { size: 224, batchSize }, cpu, 32e9)).not.toThrow()
  expect(() => refuseTooLarge(seed(), { size: 224, batchSize: batchSize + 1 }, cpu, 32e9)).toThrow()
})

test('WebAssembly has 4 GB at most', () => {
  expect(() => refuseTooLarge(seed(), { size: 224, batchSize: 16 }, { name: 'wasm', accelerated: false })).toThrow(
    'WebAssembly can have 4.29 GB',
  )
})

test('a GPU decides for itself', () => {
  expect(() =>
    refuseTooLarge(seed(), { size: 224, batchSize: 128 }, { name: 'webgpu', accelerated: true }),
  ).not.toThrow()
})

test('the reference recipe fits everywhere and is measured 500 images at a time', () => {
  expect(() => refuseTooLarge(ddnet(), { size: 32, batchSize: 64 }, { name: 'wasm', accelerated: false })).not.toThrow()
  expect(evaluationBatchSize(ddnet(), { size: 32, batchSize: 64 })).toBe(500)
})

test('large images are measured few at a time', () => {
  expect(evaluationBatchSize(seed(), { size: 224, batchSize: 1 })).toBeLessThanOrEqual(2)
})

function catchError(action: () => void): unknown {
  try {
    action()
  } catch (error) {
    return error
  }
  throw new Error('expected an error')
}
