import { expect, test } from 'vitest'
import { toAnsi } from './ansi.ts'
import { fromPixels } from './from-pixels.ts'
import { blank } from './picture.ts'

test('one character shows two pixels, one above the other', () => {
  expect(toAnsi(fromPixels([1, 2, 3, 4, 5, 6], 1, 2))).toBe('\x1b[38;2;1;2;3m\x1b[48;2;4;5;6m▀\x1b[0m')
})

test('the last of an odd number of rows keeps the terminal background', () => {
  expect(toAnsi(fromPixels([1, 2, 3], 1, 1))).toBe('\x1b[38;2;1;2;3m▀\x1b[0m')
})

test('a wide picture is reduced by averaging', () => {
  expect(toAnsi(fromPixels([0, 100, 0, 100], 2, 2, 1), 1)).toContain('38;2;50;50;50')
  const lines = toAnsi(blank(64, 64, [0, 0, 0]), 16).split('\n')
  expect(lines).toHaveLength(8)
  expect(lines.every((line) => line.split('▀').length === 17)).toBe(true)
})
