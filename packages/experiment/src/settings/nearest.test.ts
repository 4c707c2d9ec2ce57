import { expect, test } from 'vitest'
import { editDistance, nearest } from './nearest.ts'

const paths = ['epochs', 'steps', 'batchSize', 'optimizer.learningRate', 'model.channels']

test('finds the name that is one letter away', () => {
  expect(nearest('epoch', paths)).toBe('epochs')
  expect(nearest('bathcSize', paths)).toBe('batchSize')
})

test('letter case does not matter', () => {
  expect(nearest('batchsize', paths)).toBe('batchSize')
})

test('a last part finds its dotted path', () => {
  expect(nearest('learningRate', paths)).toBe('optimizer.learningRate')
  expect(nearest('optimiser.learningRate', paths)).toBe('optimizer.learningRate')
})

test('what resembles nothing finds nothing', () => {
  expect(nearest('colour', paths)).toBeUndefined()
})

test('a swap of neighbours is one edit', () => {
  expect(editDistance('steps', 'setps')).toBe(1)
  expect(editDistance('kitten', 'sitting')).toBe(3)
  expect(editDistance('', 'abc')).toBe(3)
})
