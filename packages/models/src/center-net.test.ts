import { memory, tensor } from '@ddnet/ops'
import { describeBackends, expectClose, expectTensorClose, itemAt, useBackend } from '@ddnet/testing'
import { beforeAll, describe, expect, test } from 'vitest'
import { CenterNet } from './center-net.ts'
import { decodeDetections, detectionTargets, gaussianRadius, type LabelledBox } from './center-net-boxes.ts'

/** A logit that is sure. */
const logit = (share: number) => Math.log(share / (1 - share))

describeBackends('detections', () => {
  test('are decoded to the boxes that they were made of', async () => {
    const images: LabelledBox[][] = [
      [
        { box: [2, 4, 20, 12], label: 1 },
        { box: [30, 9, 61, 31], label: 0 },
      ],
      [{ box: [40, 0, 60, 30], label: 2 }],
    ]
    const targets = detectionTargets(images, { classes: 3, height: 32, width: 64 })
    const heat = [...(await targets.heatMap.data())].map((value) => logit(Math.min(0.999, Math.max(0.001, value))))
    const found = { ...targets, heatMap: tensor(heat, targets.heatMap.shape) }
    const before = memory().numTensors
    const { boxes, scores, labels } = decodeDetections(found, { limit: 2, threshold: 0.5 })
    expect(memory().numTensors).toBe(before + 3)
    expect([boxes.shape, scores.shape, labels.shape, labels.dtype]).toEqual([[2, 2, 4], [2, 2], [2, 2], 'int32'])
    const [sides, kinds] = [[...(await boxes.data())], [...(await labels.data())]]
    const rows = [0, 1].map((at) => [kinds[at], ...sides.slice(4 * at, 4 * at + 4).map(Math.round)])
    expect(rows.sort((a, b) => Number(a[0]) - Number(b[0]))).toEqual([
      [0, 30, 9, 61, 31],
      [1, 2, 4, 20, 12],
    ])
    expect([kinds[2], ...sides.slice(8, 12).map(Math.round)]).toEqual([2, 40, 0, 60, 30])
    expect(kinds[3]).toBe(-1) // the second image has one object
    expectClose([...(await scores.data())].slice(0, 3), [0.999, 0.999, 0.999], 1e-6)
  })

  test('are peaks, the surest first', async () => {
    // One row of six places: two peaks, and a shoulder beside the first.
    const heatMap = tensor([0.2, 0.9, 0.8, 0.1, 0.6, 0.3].map(logit), [1, 1, 6, 1])
    const zeros = tensor(new Float32Array(12), [1, 1, 6, 2])
    const size = tensor([0, 0, 2, 1, 0, 0, 0, 0, 4, 3, 0, 0], [1, 1, 6, 2])
    const { boxes, scores, labels } = decodeDetections(
      { heatMap, size, offset: zeros },
      { limit: 3, stride: 10, threshold: 0.5 },
    )
    await expectTensorClose(scores, { shape: [1, 3], data: [0.9, 0.6, 0] }, 1e-6)
    expect([...(await labels.data())]).toEqual([0, 0, -1])
    expect([...(await boxes.data())].slice(0, 8)).toEqual([0, -5, 20, 5, 20, -15, 60, 15])
  })
})

describe('CenterNet', () => {
  beforeAll(() => useBackend('cpu'))

  test('moves both corners by its radius, and they overlap by 0.7 in the worst case', () => {
    for (const [width, height] of [
      [10, 10],
      [3, 40],
      [25, 8],
    ] as const) {
      const r = gaussianRadius(width, height)
      const area = width * height
      const shifted = ((width - r) * (height - r)) / (2 * area - (width - r) * (height - r))
      const inwards = ((width - 2 * r) * (height - 2 * r)) / area
      const outwards = area / ((width + 2 * r) * (height + 2 * r))
      expect(Math.min(shifted, inwards, outwards)).toBeCloseTo(0.7, 10)
    }
  })

  test('has a heat map of 1 at the centre, and less around it', async () => {
    const { heatMap, size, offset, centres } = detectionTargets([[{ box: [4, 8, 102, 104], label: 1 }]], {
      classes: 2,
      height: 112,
      width: 112,
    })
    const heat = await heatMap.data()
    const at = (row: number, column: number, label: number) => itemAt(heat, (row * 28 + column) * 2 + label)
    expect([at(14, 13, 1), at(14, 13, 0)]).toEqual([1, 0])
    const radius = Math.floor(gaussianRadius(24.5, 24))
    expect(radius).toBeGreaterThan(0)
    expect(at(14, 14, 1)).toBeCloseTo(Math.exp(-1 / (2 * ((2 * radius + 1) / 6) ** 2)), 6)
    expect(at(14, 14 + radius, 1)).toBe(0)
    const place = 14 * 28 + 13
    expect([...(await size.data())].slice(2 * place, 2 * place + 2)).toEqual([24.5, 24])
    expect([...(await offset.data())].slice(2 * place, 2 * place + 2)).toEqual([0.25, 0])
    expect([...(await centres.data())].filter((each) => each !== 0)).toEqual([1])
  })

  test('cuts boxes to their image, and leaves out what is outside of it', async () => {
    const targets = detectionTargets(
      [
        [
          { box: [-8, -8, 8, 8], label: 0 },
          { box: [40, 2, 50, 9], label: 0 },
        ],
      ],
      { classes: 1, height: 16, width: 16 },
    )
    expect([...(await targets.centres.data())]).toEqual([0, 0, 0, 0, 0, 1, ...Array(10).fill(0)])
    expect([...(await targets.size.data())].slice(10, 12)).toEqual([2, 2])
  })

  test('names what does not fit', () => {
    const options = { classes: 2, height: 16, width: 16 }
    expect(() => detectionTargets([[{ box: [0, 0, 4, 4], label: 2 }]], options)).toThrow(
      'detectionTargets: expected labels in 0 … 1, got 2.',
    )
    expect(() => detectionTargets([[{ box: [4, 0, 4, 4], label: 0 }]], options)).toThrow(
      'detectionTargets: expected a box of left, top, right and bottom, got [4,0,4,4].',
    )
    expect(() => detectionTargets([], { ...options, width: 18 })).toThrow('that divide by the stride 4, got 16 × 18.')
    const head = tensor(new Float32Array(2), [1, 1, 1, 2])
    expect(() => decodeDetections({ heatMap: head, size: head, offset: head }, { limit: 0 })).toThrow('got 0.')
    expect(() => new CenterNet({ hidden: 0 })).toThrow('CenterNet: expected channels as positive integers')
  })
})
