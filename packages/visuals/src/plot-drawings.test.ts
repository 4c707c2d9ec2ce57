import { itemAt } from '@ddnet/testing'
import { expect, test } from 'vitest'
import type { Picture } from './picture.ts'
import { blank } from './picture.ts'
import type { Plot } from './plot.ts'
import { plotPicture } from './plot-picture.ts'
import { plotSvg } from './plot-svg.ts'
import { strokeLine } from './stroke-line.ts'

const plot: Plot = {
  title: 'loss',
  curves: [
    {
      name: 'train',
      points: [
        [1, 2.5],
        [100, 1.25],
      ],
    },
    { name: 'test', points: [[100, 1.5]] },
  ],
}
const has = ({ data }: Picture, [red, green, blue]: number[]) => {
  for (let at = 0; at < data.length; at += 4)
    if (data[at] === red && data[at + 1] === green && data[at + 2] === blue) return true
  return false
}

test('the SVG has a line for each curve, a dot for a single point, and says what it shows', () => {
  const svg = plotSvg(plot)
  expect(svg).toMatch(/<path class="curve-0" d="M[\d. ]+L[\d. ]+"/)
  expect(svg).toContain('<circle class="curve-1 dot"')
  expect(svg).toContain('aria-label="loss: train, test"')
  expect(svg).toContain('train 1.250')
  expect(svg).not.toContain('NaN')
})

test('the picture has both curves in their colors, and no third', () => {
  const picture = plotPicture(plot)
  expect([picture.width, picture.height]).toEqual([800, 440])
  expect(has(picture, [37, 99, 235])).toBe(true)
  expect(has(picture, [234, 88, 12])).toBe(true)
  expect(has(picture, [22, 130, 60])).toBe(false)
})

test('curves without a finite value are drawn as that', () => {
  const empty = plotPicture({ title: 'loss', curves: [] })
  const diverged = plotPicture({ title: 'loss', curves: [{ name: 'train', points: [[1, Number.NaN]] }] })
  expect(has(diverged, [37, 99, 235])).toBe(true) // the legend's square
  expect(has(empty, [37, 99, 235])).toBe(false)
})

test('a line covers its width in full and half of the pixels at its edge', () => {
  const picture = blank(5, 5, [255, 255, 255])
  strokeLine(
    picture,
    [
      [-5, 2.5],
      [10, 2.5],
    ],
    [0, 0, 0],
    2,
  )
  const column = [0, 1, 2, 3, 4].map((y) => picture.data[(y * 5 + 2) * 4])
  expect(column).toEqual([255, 128, 0, 128, 255])
})

test('where pieces of a line meet it is no darker', () => {
  const [once, twice] = [blank(9, 9, [255, 255, 255]), blank(9, 9, [255, 255, 255])]
  strokeLine(
    once,
    [
      [0, 0],
      [9, 6],
    ],
    [0, 0, 0],
  )
  strokeLine(
    twice,
    [
      [0, 0],
      [3, 2],
      [3, 2],
      [9, 6],
    ],
    [0, 0, 0],
  )
  for (const [at, value] of once.data.entries()) expect(Math.abs(itemAt(twice.data, at) - value)).toBeLessThan(2)
})
