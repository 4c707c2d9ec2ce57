import { expect, test } from 'vitest'
import { layoutPlot, type Plot } from './plot.ts'

const margins = { left: 0, top: 0, right: 0, bottom: 0 }
const layout = (plot: Partial<Plot>, width = 400, height = 200) =>
  layoutPlot({ title: 'loss', curves: [], ...plot }, width, height, margins)
const labels = (ticks: readonly { label: string }[]) => ticks.map(({ label }) => label)

test('points lie where the axes say', () => {
  const { lines } = layout({
    yRange: [0, 10],
    curves: [
      {
        name: 'train',
        points: [
          [0, 10],
          [50, 5],
          [100, 0],
        ],
      },
    ],
  })
  expect(lines[0]?.pieces).toEqual([
    [
      [0, 0],
      [200, 100],
      [400, 200],
    ],
  ])
})

test('ticks are round numbers where those numbers are', () => {
  const { xTicks, yTicks } = layout({
    yRange: [0, 1],
    percent: true,
    curves: [
      {
        name: 'test',
        points: [
          [0, 0.2],
          [2000, 0.9],
        ],
      },
    ],
  })
  expect(xTicks).toEqual([
    { at: 0, label: '0' },
    { at: 200, label: '1,000' },
    { at: 400, label: '2,000' },
  ])
  expect(labels(yTicks)).toEqual(['0%', '50%', '100%'])
  expect(yTicks.map(({ at }) => at)).toEqual([200, 100, 0])
})

test('small numbers keep the digits that tell them apart', () => {
  const { yTicks } = layout({ yRange: [0.001, 0.004], curves: [] })
  expect(labels(yTicks)).toEqual(['0.001', '0.002', '0.003', '0.004'])
  expect(labels(layout({ yRange: [0, 4e-5], curves: [] }).yTicks)).toEqual(['0', '1e-5', '2e-5', '3e-5', '4e-5'])
})

test('steps have no ticks between whole numbers', () => {
  const { xTicks } = layout({
    curves: [
      {
        name: 'train',
        points: [
          [1, 1],
          [2, 1],
        ],
      },
    ],
  })
  expect(labels(xTicks)).toEqual(['1', '2'])
})

test('what is not finite leaves a gap', () => {
  const { lines } = layout({
    curves: [
      {
        name: 'train',
        points: [
          [1, 2],
          [2, Number.NaN],
          [3, 1],
          [4, Number.POSITIVE_INFINITY],
          [5, 1.5],
        ],
      },
    ],
  })
  expect(lines[0]?.pieces.map((piece) => piece.length)).toEqual([1, 1, 1])
  expect(lines[0]?.last).toBe('1.500')
})

test('a curve of one point, of one value, or of none has axes all the same', () => {
  for (const points of [
    [],
    [[7, 2]],
    [
      [1, 0],
      [2, 0],
    ],
    [[1, Number.NaN]],
  ] as [number, number][][]) {
    const { xTicks, yTicks, lines } = layout({ curves: [{ name: 'train', points }] })
    expect(yTicks.length).toBeGreaterThan(1)
    for (const { at } of [...xTicks, ...yTicks]) expect(at).toBeGreaterThanOrEqual(0)
    for (const [x, y] of lines[0]?.pieces.flat() ?? []) expect(Number.isFinite(x) && Number.isFinite(y)).toBe(true)
  }
})

test('a long run keeps its peaks in at most four points a pixel', () => {
  const points = Array.from({ length: 100_000 }, (_, step): [number, number] => [step, step === 54_321 ? 9 : step % 2])
  const { lines } = layout({ yRange: [0, 9], curves: [{ name: 'train', points }] })
  const drawn = lines[0]?.pieces[0] ?? []
  expect(drawn.length).toBeLessThanOrEqual(4 * 401)
  expect(drawn.filter(([, y]) => y === 0)).toHaveLength(1)
})
