import { useBackend } from '@ddnet/testing'
import { type Tensor, tensor } from '@tensorflow/tfjs-core'
import { beforeAll, expect, test } from 'vitest'
import { expectRange } from './index-range.ts'

beforeAll(() => useBackend('cpu'))

const check = (values: number[], except?: number) => (): void => {
  const x: Tensor = tensor(values, [values.length], 'int32')
  expectRange('pick', 'positions', x, 3, except)
}

test('0 … count − 1 passes, and the exception', () => {
  expect(check([0, 2, 1])).not.toThrow()
  expect(check([-7, 0], -7)).not.toThrow()
})

test('what is outside is named with its place', () => {
  expect(check([-1, 0])).toThrow(new RangeError('pick: expected positions in 0 … 2, got -1 at position 0 of [2].'))
  expect(check([0, 3])).toThrow(new RangeError('pick: expected positions in 0 … 2, got 3 at position 1 of [2].'))
  expect(check([-6], -7)).toThrow(
    new RangeError('pick: expected positions in 0 … 2 or -7, got -6 at position 0 of [1].'),
  )
})
