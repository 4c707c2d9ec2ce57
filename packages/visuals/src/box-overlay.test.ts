import { expect, test } from 'vitest'
import { boxOverlay } from './box-overlay.ts'
import { blank } from './picture.ts'

const pixel = ({ width, data }: { width: number; data: Uint8ClampedArray }, x: number, y: number) => [
  ...data.subarray(4 * (y * width + x), 4 * (y * width + x) + 3),
]

test('a box is drawn at its sides, in the color of its class, and the picture stays what it was', () => {
  const black = blank(16, 16, [0, 0, 0])
  const drawn = boxOverlay(black, [{ box: [4, 8, 12, 14], label: 0, text: 'a' }], { scale: 4 })
  const color = [176, 48, 48] // class 1 of Pascal VOC is a dark red
  expect([drawn.width, drawn.height]).toEqual([64, 64])
  for (const [x, y] of [
    [16, 40],
    [47, 40],
    [30, 55],
    [40, 32],
  ] as const) {
    expect(pixel(drawn, x, y)).toEqual(color)
  }
  expect([pixel(drawn, 30, 45), pixel(drawn, 60, 60)]).toEqual([
    [0, 0, 0],
    [0, 0, 0],
  ])
  expect(black.data.every((value, at) => value === (at % 4 === 3 ? 255 : 0))).toBe(true)
})

test('the surest is on top, and words stay on the picture', () => {
  const boxes = [
    { box: [0, 0, 8, 8] as const, label: 0, text: 'first' },
    { box: [0, 0, 8, 8] as const, label: 1, text: 'second' },
  ]
  const drawn = boxOverlay(blank(64, 64, [0, 0, 0]), boxes)
  expect(drawn.width).toBe(256)
  expect(pixel(drawn, 0, 31)).toEqual([176, 48, 48])
  expect(pixel(drawn, 0, 0)).toEqual([176, 48, 48])
})
