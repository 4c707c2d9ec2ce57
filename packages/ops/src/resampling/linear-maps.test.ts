import {
  interpolate,
  pad,
  pixelShuffle,
  pixelUnshuffle,
  random,
  slice,
  type Tensor,
  tensor,
  tidy,
  tile,
  valueAndGrads,
} from '@ddnet/ops'
import { describeBackends, expectClose, floatsOf, itemAt } from '@ddnet/testing'
import fc from 'fast-check'
import { expect, test } from 'vitest'

const sized = (max: number) => fc.integer({ min: 1, max })
const shape = fc.tuple(sized(2), sized(7), sized(7), sized(5))
const seed = fc.nat()
const resizing = fc
  .record({
    mode: fc.constantFrom('nearest', 'nearestExact', 'area', 'bilinear', 'bicubic'),
    alignCorners: fc.boolean(),
    antialias: fc.boolean(),
    target: fc.oneof(
      fc.record({ size: fc.tuple(sized(12), sized(12)) }),
      fc.record({
        scaleFactor: fc.tuple(fc.double({ min: 1, max: 3, noNaN: true }), fc.double({ min: 1, max: 3, noNaN: true })),
      }),
    ),
  })
  .map(({ mode, alignCorners, antialias, target }) => ({
    mode,
    ...target,
    ...((mode === 'bilinear' || mode === 'bicubic') && { alignCorners, antialias }),
  }))

/** Uniform numbers in [−1, 1), which depend on `seed` alone. */
const noise = (shape: number[], seed: number): Tensor => random.uniform(random.key(seed), shape, -1, 1)
const values = async (x: Tensor): Promise<Float32Array> => await floatsOf(x)
const dot = (a: Float32Array, b: Float32Array): number => a.reduce((sum, value, i) => sum + value * itemAt(b, i), 0)

/** `⟨f x, y⟩ = ⟨x, fᵀ y⟩`, where the gradient is fᵀ; `f` is linear, so that fᵀ is tested at all of its arguments. */
async function expectAdjoint(f: (x: Tensor) => Tensor, shape: number[], seed: number): Promise<void> {
  const x = noise(shape, seed)
  const y = noise(
    tidy(() => f(x).shape),
    seed + 1,
  )
  const { value, grads } = valueAndGrads(() => f(x), [x], y)
  const forward = dot(await values(value), await values(y))
  const backward = dot(await values(x), await values(grads[0]))
  for (const used of [x, y, value, ...grads]) used.dispose()
  // Each of the terms is at most 4 or so, and as exact as a float32.
  expectClose([forward], [backward], 1e-6 * Math.max(10, value.size), 'adjoint')
}

describeBackends('resampling and padding', (backend) => {
  const runs = { numRuns: backend === 'webgpu' ? 8 : 40, seed: 7 }

  test('the gradient of interpolate is its adjoint', () =>
    fc.assert(
      fc.asyncProperty(shape, resizing, seed, (shape, options, seed) =>
        expectAdjoint((x) => interpolate(x, options), shape, seed),
      ),
      runs,
    ))

  test('interpolate keeps constants: its weights sum to 1', () =>
    fc.assert(
      fc.asyncProperty(shape, resizing, async (shape, options) => {
        const y = tidy(() =>
          interpolate(tensor(new Float32Array(shape.reduce((a, b) => a * b)).fill(3), shape), options),
        )
        expectClose(await values(y), new Float32Array(y.size).fill(3), 2e-6)
        y.dispose()
      }),
      runs,
    ))

  test('pixelUnshuffle undoes pixelShuffle, and the other way round', () =>
    fc.assert(
      fc.asyncProperty(shape, sized(3), seed, async ([batch, height, width, channels], factor, seed) => {
        const low = noise([batch, height, width, channels * factor ** 2], seed)
        const high = noise([batch, height * factor, width * factor, channels], seed)
        const [lowAgain, highAgain] = tidy(() => [
          pixelUnshuffle(pixelShuffle(low, factor), factor),
          pixelShuffle(pixelUnshuffle(high, factor), factor),
        ])
        expect(await values(lowAgain)).toEqual(await values(low))
        expect(await values(highAgain)).toEqual(await values(high))
        for (const used of [low, high, lowAgain, highAgain]) used.dispose()
      }),
      runs,
    ))

  test('the gradient of pad is its adjoint', () =>
    fc.assert(
      fc.asyncProperty(
        shape,
        fc.constantFrom('constant', 'reflect', 'replicate', 'circular'),
        fc.array(fc.tuple(fc.integer({ min: -2, max: 3 }), fc.integer({ min: -2, max: 3 })), {
          minLength: 4,
          maxLength: 4,
        }),
        seed,
        (shape, mode, wished, seed) => {
          // What the mode can fill, and no more cut than leaves an element.
          const paddings = wished.map(([before, after], axis): [number, number] => {
            const size = itemAt(shape, axis)
            const first = Math.max(before, 1 - size)
            const kept = size + Math.min(0, first)
            const last = Math.max(after, 1 - kept)
            const most = { constant: 3, replicate: 3, reflect: size - 1, circular: kept + Math.min(0, last) }[mode]
            return [Math.min(first, most), Math.min(last, most)]
          })
          return expectAdjoint((x) => pad(x, paddings, { mode }), shape, seed)
        },
      ),
      runs,
    ))

  test('circular padding is a part of a tiling', () =>
    fc.assert(
      fc.asyncProperty(
        shape,
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        seed,
        async (shape, a, b, seed) => {
          const x = noise(shape, seed)
          const paddings = shape.map((size): [number, number] => [Math.floor(a * size), Math.floor(b * size)])
          const padded = pad(x, paddings, { mode: 'circular' })
          const tiled = tidy(() =>
            slice(
              tile(x, [3, 3, 3, 3]),
              shape.map((size, axis) => size - itemAt(paddings, axis)[0]),
              padded.shape,
            ),
          )
          expect(await values(padded)).toEqual(await values(tiled))
          for (const used of [x, padded, tiled]) used.dispose()
        },
      ),
      runs,
    ))
})
