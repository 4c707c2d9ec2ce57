import { expect, test } from 'vitest'
import { font5x7 } from './font-5x7.ts'
import { blank } from './picture.ts'
import { drawText, fitText, measureText } from './text.ts'

/** The picture's dots as rows of # and . */
function dots(text: string, rows: number): string[] {
  const picture = blank(measureText(text).width, rows, [255, 255, 255])
  drawText(picture, text, 0, 0, [0, 0, 0])
  return Array.from({ length: rows }, (_, y) =>
    Array.from({ length: picture.width }, (_, x) => (picture.data[(y * picture.width + x) * 4] === 0 ? '#' : '.')).join(
      '',
    ),
  )
}

test('the font holds every printable ASCII character, each of 5 dots in 7 or 9 rows', () => {
  for (let code = 32; code < 127; code++) {
    const rows = (font5x7[String.fromCharCode(code)] ?? '').split(' ')
    expect([7, 9], String.fromCharCode(code)).toContain(rows.length)
    for (const row of rows) expect(row).toMatch(/^[.#]{5}$/)
  }
  expect(Object.keys(font5x7)).toHaveLength(95)
})

test('no two characters look the same', () => {
  expect(new Set(Object.values(font5x7)).size).toBe(95)
})

test('draws letters one dot apart', () => {
  expect(dots('Hi', 7)).toEqual([
    '#...#...#..',
    '#...#......',
    '#...#..##..',
    '#####...#..',
    '#...#...#..',
    '#...#...#..',
    '#...#..###.',
  ])
})

test('p hangs below the baseline', () => {
  expect(dots('p', 9).slice(6)).toEqual(['####.', '#....', '#....'])
})

test('what the font lacks is a question mark', () => {
  expect(dots('é', 7)).toEqual(dots('?', 7))
})

test('measures in dots times size', () => {
  expect(measureText('automobile', 2)).toEqual({ width: 118, height: 14 })
})

test('text that does not fit ends in two dots', () => {
  expect(fitText('automobile', 118, 2)).toBe('automobile')
  expect(fitText('automobile', 117, 2)).toBe('automob..')
})
