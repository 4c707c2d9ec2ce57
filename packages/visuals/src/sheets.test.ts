import { itemAt } from '@ddnet/testing'
import { expect, test } from 'vitest'
import { gray, inferno, viridis } from './colors.ts'
import { confusionSheet } from './confusion-sheet.ts'
import { featureMapSheet } from './feature-map-sheet.ts'
import { filterSheet } from './filter-sheet.ts'
import { fromValues, heatMap } from './from-values.ts'
import { overlay } from './overlay.ts'
import { blank, type Picture } from './picture.ts'
import { pictureTable } from './picture-table.ts'

const at = ({ data, width }: Picture, x: number, y: number) => [
  ...data.subarray((y * width + x) * 4, (y * width + x) * 4 + 3),
]

test('scales run from their first color to their last and stop there', () => {
  expect([gray(0), gray(0.5), gray(1)]).toEqual([
    [0, 0, 0],
    [128, 128, 128],
    [255, 255, 255],
  ])
  expect([viridis(-1), viridis(2)]).toEqual([
    [68, 1, 84],
    [253, 231, 37],
  ])
  expect(inferno(1 / 9)).toEqual([27, 12, 65])
})

test('an image of numbers is black at the low end, white at the high one, cut off beyond, magenta without a number', () => {
  const picture = fromValues({ shape: [1, 2, 3], data: [-1, 0, 1, -9, 9, 0] }, { range: [-1, 1] })
  expect([at(picture, 0, 0), at(picture, 1, 0)]).toEqual([
    [0, 128, 255],
    [0, 255, 128],
  ])
  const broken = fromValues({ shape: [1, 1, 2, 1], data: [Number.NaN, 1] })
  expect(at(broken, 0, 0)).toEqual([255, 0, 255])
  expect(() => fromValues({ shape: [1, 1, 2], data: [1, 2] })).toThrow('expected 1 or 3 channels, got 2')
})

test('a heat map spans its own values unless told', () => {
  const values = { shape: [1, 2], data: [3, 5] }
  expect(at(heatMap(values), 0, 0)).toEqual(viridis(0))
  expect(at(heatMap(values, { colors: gray, range: [1, 5] }), 0, 0)).toEqual([128, 128, 128])
  expect(at(heatMap({ shape: [1, 1], data: [Number.NaN] }), 0, 0)).toEqual([255, 0, 255])
})

test('an overlay leaves what its map calls zero, and hides by its opacity where the map is largest', () => {
  const picture = blank(4, 2, [100, 100, 100])
  const shown = overlay(picture, { shape: [1, 2], data: [0, 8] }, { opacity: 1 })
  expect(at(shown, 0, 0)).toEqual([100, 100, 100])
  expect(at(shown, 3, 1)).toEqual([...inferno(1)])
  // Between the middles of the two cells, a quarter and three quarters of the way.
  expect(at(shown, 1, 0)).toEqual([...Uint8ClampedArray.from(inferno(0.25), (color) => 0.75 * 100 + 0.25 * color)])
  expect(at(picture, 3, 1)).toEqual([100, 100, 100])
  expect(overlay(picture, { shape: [1, 1, 1], data: [0] })).toEqual(picture)
  expect(() => overlay(picture, { shape: [1, 1], data: [0] }, { opacity: 2 })).toThrow('opacity in 0…1, got 2')
})

test('feature maps share one scale, or have each its own', () => {
  const values = { shape: [1, 1, 1, 2], data: [0, 4] }
  const tiles = (normalize: 'sheet' | 'map') => {
    const sheet = featureMapSheet({ ...values, shape: [1, 1, 1, 2] }, { columns: 2, scale: 1, normalize, colors: gray })
    return [at(sheet, 4, 4), at(sheet, 9, 4)]
  }
  expect(tiles('sheet')).toEqual([
    [0, 0, 0],
    [255, 255, 255],
  ])
  expect(tiles('map')).toEqual([
    [0, 0, 0],
    [0, 0, 0],
  ])
  const limited = featureMapSheet({ shape: [2, 2, 100], data: new Float32Array(400) }, { scale: 1, columns: 64 })
  expect(limited.width).toBe(64 * (2 + 4) + 4)
  expect(featureMapSheet(values, { title: 'encoder.0' }).height).toBe(featureMapSheet(values).height + 30)
})

test('filters over colors are tiles in color, with zero in the middle gray', () => {
  const data = [1, 0, -1].flatMap((value) => [value, 0]) // [1, 1, 3, 2]: a filter of red 1, green 0, blue −1, and one of zeros
  const sheet = filterSheet({ shape: [1, 1, 3, 2], data }, { scale: 1 })
  expect([at(sheet, 4, 4), at(sheet, 9, 4)]).toEqual([
    [255, 128, 0],
    [128, 128, 128],
  ])
})

test('filters over many channels are rows of gray tiles, at most so many', () => {
  const sheet = filterSheet(
    { shape: [3, 3, 20, 30], data: new Float32Array(9 * 600) },
    { scale: 1, filters: 5, channels: 6 },
  )
  expect([sheet.width, sheet.height]).toEqual([6 * 7 + 4, 5 * 7 + 4])
  expect(() => filterSheet({ shape: [3, 3, 4], data: new Float32Array(36) })).toThrow('got the shape [3,3,4]')
})

test('a table of pictures makes room for its names', () => {
  const picture = blank(32, 32, [0, 0, 255])
  const bare = pictureTable([{ pictures: [picture, picture] }], { scale: 1 })
  expect([bare.width, bare.height]).toEqual([16 + 32 + 8 + 32 + 16, 16 + 32 + 16])
  const named = pictureTable([{ label: 'cat', pictures: [picture] }], { scale: 1, columns: ['Grad-CAM'], title: 'x' })
  expect(at(named, 16 + 34 + 8, 16 + 35 + 26)).toEqual([0, 0, 255])
  expect(named.width).toBe(16 + 34 + 8 + (94 + 8) + 16)
  expect(() => pictureTable([])).toThrow('at least one picture')
})

test('pictures of other sizes are enlarged to the width of the widest', () => {
  const table = pictureTable([{ pictures: [blank(8, 8, [255, 0, 0]), blank(32, 32, [0, 0, 255])] }], { scale: 1 })
  expect(at(table, 16 + 31, 16 + 31)).toEqual([255, 0, 0])
})

test('the diagonal of a confusion matrix is green, a mistake red, and what never happened white', () => {
  const names = ['cat', 'dog']
  const sheet = confusionSheet(
    [
      [1, 1],
      [0, 2],
    ],
    names,
  )
  const left = 16 + 34 + 10
  const cell = (row: number, column: number) => at(sheet, left + column * 46 + 2, left + row * 46 + 2)
  const [good, mistake, never, sure] = [cell(0, 0), cell(0, 1), cell(1, 0), cell(1, 1)]
  expect(sure).toEqual([22, 130, 60])
  expect(good?.[1]).toBeGreaterThan(itemAt(good, 0))
  expect(mistake?.[0]).toBeGreaterThan(itemAt(mistake, 1))
  expect(never).toEqual([255, 255, 255])
})

test('hundreds of classes still make a matrix, without names', () => {
  const counts = Array.from({ length: 300 }, (_, row) =>
    Array.from({ length: 300 }, (_, column) => Number(row === column)),
  )
  const sheet = confusionSheet(
    counts,
    counts.map((_, label) => `class ${label}`),
  )
  expect([sheet.width, sheet.height]).toEqual([16 + 900 + 16, 16 + 900 + 16 + 14 + 16])
})
