import { expect, test } from 'vitest'
import * as ops from '../index.ts'
import { onShapes } from './on-shapes.ts'

test('onShapes needs no backend, and leaves none', () => {
  expect(onShapes(() => ops.relu(ops.zeros([2, 3])).shape)).toEqual([2, 3])
  expect(() => ops.zeros([1])).toThrow('no backend is started')
})
