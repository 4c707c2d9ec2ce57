import {
  add,
  groupNorm,
  instanceNorm,
  layerNorm,
  maximum,
  mul,
  random,
  reshape,
  type Tensor,
  tidy,
  transpose,
} from '@ddnet/ops'
import { describeBackends, expectClose, tuple } from '@ddnet/testing'
import fc from 'fast-check'
import { test } from 'vitest'

const size = (max: number) => fc.integer({ min: 1, max })

/** Images with channels that the groups divide, and their seed. */
const images = fc.record({
  seed: fc.nat({ max: 1000 }),
  batch: size(3),
  height: fc.integer({ min: 2, max: 5 }),
  width: size(4),
  groups: size(3),
  ofGroup: size(3),
})

interface Images {
  readonly x: Tensor
  readonly groups: number
  readonly channels: number
}

const draw = (seed: number, shape: number[]): Tensor => random.normal(random.key(seed), shape, 0.5, 2)

describeBackends('norms', (backend) => {
  // Each shape compiles pipelines on WebGPU.
  const runs = { seed: 11, numRuns: backend === 'webgpu' ? 4 : 25 }
  /** Checks that two ways give the same for random images. */
  const same = (one: (images: Images) => Tensor, other: (images: Images) => Tensor, tolerance = 2e-5) =>
    fc.assert(
      fc.asyncProperty(images, async ({ seed, batch, height, width, groups, ofGroup }) => {
        const channels = groups * ofGroup
        const x = draw(seed, [batch, height, width, channels])
        const [a, b] = tuple(
          [one, other].map((run) => tidy(() => run({ x, groups, channels }))),
          2,
        )
        expectClose(await a.data(), await b.data(), tolerance)
        for (const used of [x, a, b]) used.dispose()
      }),
      runs,
    )

  test('layerNorm has the mean 0 and the variance 1 in every row, without eps', () =>
    fc.assert(
      fc.asyncProperty(fc.nat({ max: 1000 }), size(5), fc.integer({ min: 3, max: 9 }), async (seed, rows, width) => {
        const x = draw(seed, [rows, width])
        const y = layerNorm(x, { normalizedShape: width, eps: 0 })
        const values = await y.data()
        for (let row = 0; row < rows; row++) {
          const own = Array.from(values.slice(row * width, (row + 1) * width))
          const mean = own.reduce((total, value) => total + value, 0) / width
          const square = own.reduce((total, value) => total + value * value, 0) / width
          expectClose([mean, square], [0, 1], 1e-5)
        }
        for (const used of [x, y]) used.dispose()
      }),
      runs,
    ))

  test('groupNorm of one group is layerNorm of whole samples', () =>
    same(
      ({ x }) => groupNorm(x, { groups: 1 }),
      ({ x }) => layerNorm(x, { normalizedShape: x.shape.slice(1) }),
    ))

  test('groupNorm of groups of one channel is instanceNorm', () =>
    same(
      ({ x, channels }) => groupNorm(x, { groups: channels }),
      ({ x }) => instanceNorm(x),
    ))

  test('instanceNorm is layerNorm of each channel', () =>
    same(
      ({ x }) => transpose(instanceNorm(x), [0, 3, 1, 2]),
      ({ x }) => layerNorm(transpose(x, [0, 3, 1, 2]), { normalizedShape: x.shape.slice(1, 3) }),
    ))

  test('groupNorm is instanceNorm with the channels of a group as positions', () =>
    same(
      ({ x, groups }) => groupNorm(x, { groups }),
      ({ x, groups, channels }) => {
        const [batch, height, width] = x.shape as [number, number, number, number]
        const split = reshape(x, [batch, height * width, groups, channels / groups])
        const positions = transpose(split, [0, 1, 3, 2]) // [batch, positions, of a group, groups]
        return reshape(transpose(instanceNorm(positions), [0, 1, 3, 2]), x.shape)
      },
    ))

  test('without eps, scale and shift of the input change nothing', () =>
    same(
      ({ x }) => instanceNorm(add(mul(x, 3), -2), { eps: 0 }),
      ({ x }) => instanceNorm(x, { eps: 0 }),
      1e-4,
    ))

  test('weight and bias scale and shift what is normalised', () =>
    same(
      ({ x, groups, channels }) =>
        groupNorm(x, { groups, weight: draw(1, [channels]), bias: draw(2, [channels]), activation: 'relu' }),
      ({ x, groups, channels }) => {
        return maximum(add(mul(groupNorm(x, { groups }), draw(1, [channels])), draw(2, [channels])), 0)
      },
    ))
})
