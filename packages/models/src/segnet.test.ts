import { summary } from '@ddnet/layers'
import { expect, test } from 'vitest'
import { DeconvNet, SegNet } from './segnet.ts'

test('SegNet’s encoder has the 14.7 million parameters of the paper', () => {
  const { rows } = summary(new SegNet(), [1, 32, 32, 3])
  const encoder = rows.filter(({ name }) => name.startsWith('down')).reduce((sum, row) => sum + row.parameters, 0)
  expect((encoder / 1e6).toFixed(1)).toBe('14.7')
})

test('DeconvNet’s sizes are those of the paper’s table', () => {
  const { rows } = summary(new DeconvNet(), [1, 224, 224, 3])
  const shapeOf = (name: string) => rows.find((row) => row.name === name)?.outputShape
  expect(shapeOf('down.4.6')).toEqual([1, 14, 14, 512]) // conv5-3
  expect(shapeOf('middle.0')).toEqual([1, 1, 1, 4096]) // fc6
  expect(shapeOf('middle.6')).toEqual([1, 7, 7, 512]) // deconv-fc6
  expect(shapeOf('up.1.6')).toEqual([1, 28, 28, 256]) // deconv4-3
  expect(shapeOf('up.4.3')).toEqual([1, 224, 224, 64]) // deconv1-2
  expect(shapeOf('head')).toEqual([1, 224, 224, 21])
})

test('they need a depth for each stage', () => {
  expect(() => new SegNet({ channels: [8, 16], depths: [2] })).toThrow(
    'SegNet: expected depths of at least 1 for each of 2 stages, got [2].',
  )
  expect(() => new DeconvNet({ channels: [8], depths: [0] })).toThrow('for each of 1 stages, got [0].')
})
