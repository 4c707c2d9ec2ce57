import { decode } from 'fast-png'
import { expect, test } from 'vitest'
import { classColor, encodeClassPng } from './index.ts'

const classes = [0, 1, 2, 20, 254, -100]

test('values are the classes, and what other programs show are the colors of their palette', () => {
  const file = encodeClassPng({ data: classes, shape: [2, 3] })
  const { width, height, channels, depth, data, palette } = decode(file, { checkCrc: true })
  expect([width, height, channels, depth]).toEqual([3, 2, 1, 8])
  expect([...data]).toEqual([0, 1, 2, 20, 254, 255])
  expect(palette).toEqual(Array.from({ length: 256 }, (_, label) => classColor(label)))
})

test('more than 256 classes are grays of 16 bits', () => {
  const { channels, depth, data, palette } = decode(encodeClassPng({ data: [0, 256, 65_535], shape: [1, 3] }))
  expect([channels, depth, [...data], palette]).toEqual([1, 16, [0, 256, 65_535], undefined])
})

test('what does not fit is refused', () => {
  expect(() => encodeClassPng({ data: [0, 65_536], shape: [1, 2] })).toThrow(
    'expected classes below 65,536, got 65536.',
  )
  expect(() => encodeClassPng({ data: [0], shape: [1, 2] })).toThrow('expected 1 · 2 classes, got 1.')
})
