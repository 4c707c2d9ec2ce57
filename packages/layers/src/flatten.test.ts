import { ones, ShapeError, tensor, toHost } from '@ddnet/ops'
import { useBackend } from '@ddnet/testing'
import { beforeAll, expect, test } from 'vitest'
import { Flatten, Unflatten } from './flatten.ts'

beforeAll(() => useBackend('cpu'))

test('an image becomes its channels one behind the other, as in PyTorch', async () => {
  const x = tensor([1, 10, 2, 20, 3, 30, 4, 40], [1, 2, 2, 2]) // pixels 1 … 4, and ten times as much in the second channel
  const flat = new Flatten().forward(x)
  expect(flat.shape).toEqual([1, 8])
  expect([...(await toHost(flat)).data]).toEqual([1, 2, 3, 4, 10, 20, 30, 40])
  const back = new Unflatten(1, [2, 2, 2]).forward(flat)
  expect([back.shape, ...(await toHost(back)).data]).toEqual([x.shape, ...(await toHost(x)).data])
})

test('what does not fit is said', () => {
  expect(() => new Flatten({ startDim: 3 }).forward(ones([2, 3]))).toThrow(ShapeError)
  expect(() => new Flatten({ startDim: 3 }).forward(ones([2, 3]))).toThrow(
    'Flatten: expected startDim in -2 … 1 for x [2,3], got 3.',
  )
  expect(() => new Flatten({ startDim: 2, endDim: 1 }).forward(ones([2, 3, 4, 5]))).toThrow(
    'expected startDim ≤ endDim',
  )
  expect(() => new Unflatten(1, [2, 2]).forward(ones([2, 5]))).toThrow(
    'Unflatten: expected sizes of 5 in all, got [2,2] for x [2,5].',
  )
  expect(() => new Unflatten(1, [2, -1]).forward(ones([2, 5]))).toThrow('expected sizes of 5 in all')
  expect(() => new Unflatten(1, [-1, -1])).toThrow('expected sizes above 0, of which one may be -1, got [-1,-1].')
})
