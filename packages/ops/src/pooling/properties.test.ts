import { exp, mul, sum, type Tensor, type Tensor4D, tensor, tidy, valueAndGrads } from '@ddnet/ops'
import { type BackendName, describeBackends, expectClose, floatsOf, itemAt } from '@ddnet/testing'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { adaptiveAvgPool2d } from './adaptive-avg-pool2d.ts'
import { adaptiveMaxPool2d } from './adaptive-max-pool2d.ts'
import { avgPool2d } from './avg-pool2d.ts'
import { maxPool2d, maxPool2dWithIndices } from './max-pool2d.ts'
import { maxUnpool2d } from './max-unpool2d.ts'
import { evenWindows, invertWindows, slidingWindows, windowRanges } from './windows.ts'

type Shape = [batch: number, height: number, width: number, channels: number]

const size = fc.integer({ min: 1, max: 7 })
const shapes: fc.Arbitrary<Shape> = fc.tuple(fc.integer({ min: 1, max: 2 }), size, size, fc.constantFrom(1, 3, 4, 5))

/** A kernel that fits the shape, with any stride, padding and rounding. */
const pooled = shapes.chain((shape) =>
  fc.record({
    shape: fc.constant(shape),
    options: fc
      .tuple(
        fc.integer({ min: 1, max: Math.min(4, shape[1]) }),
        fc.integer({ min: 1, max: Math.min(4, shape[2]) }),
        fc.boolean(),
      )
      .chain(([height, width, ceilMode]) =>
        fc.record({
          kernelSize: fc.constant<[number, number]>([height, width]),
          stride: fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 4 })),
          padding: fc.tuple(
            fc.integer({ min: 0, max: Math.floor(height / 2) }),
            fc.integer({ min: 0, max: Math.floor(width / 2) }),
          ),
          ceilMode: fc.constant(ceilMode),
        }),
      ),
    seed: fc.integer({ min: 1, max: 1e6 }),
  }),
)

/** Different values without a pattern: multiples of 2⁻⁸ that no sum here rounds. */
function draw(shape: Tensor4D['shape'], seed: number): Tensor4D {
  const count = shape.reduce((product, each) => product * each, 1)
  const values = Float32Array.from({ length: count }, (_, index) => (((index * 389 + seed) % 1021) - 510) / 256)
  return tensor(values, shape)
}

const numbers = async (x: Tensor): Promise<Float32Array> => await floatsOf(x)

/** Each new shape may compile a pipeline on WebGPU. */
const runs = (backend: BackendName) => ({ numRuns: backend === 'webgpu' ? 6 : 40, seed: 20 })

describeBackends('poolings,', (backend) => {
  test('avgPool2d: ⟨pool x, y⟩ = ⟨x, poolᵀ y⟩', async () => {
    const property = fc.asyncProperty(pooled, fc.boolean(), async ({ shape, options, seed }, countIncludePad) => {
      const x = draw(shape, seed)
      const pool = () => avgPool2d(x, { ...options, countIncludePad })
      const y = draw(tidy(pool).shape, seed + 1)
      const { value, grads } = valueAndGrads(pool, [x], y)
      const [left, right] = [sum(mul(value, y)), sum(mul(x, grads[0]))]
      expectClose(await numbers(left), await numbers(right), 1e-5)
    })
    await fc.assert(property, runs(backend))
  })

  test('adaptiveAvgPool2d: ⟨pool x, y⟩ = ⟨x, poolᵀ y⟩', async () => {
    const property = fc.asyncProperty(shapes, size, size, async (shape, height, width) => {
      const x = draw(shape, height)
      const y = draw([shape[0], height, width, shape[3]], width)
      const { value, grads } = valueAndGrads(() => adaptiveAvgPool2d(x, [height, width]), [x], y)
      expect(value.shape).toEqual(y.shape)
      const [left, right] = [sum(mul(value, y)), sum(mul(x, grads[0]))]
      expectClose(await numbers(left), await numbers(right), 1e-5)
    })
    await fc.assert(property, runs(backend))
  })

  test('maxUnpool2d of maxPool2dWithIndices keeps the maxima where they were, and the rest is 0', async () => {
    const property = fc.asyncProperty(pooled, async ({ shape, options, seed }) => {
      const x = draw(shape, seed)
      const { values, indices } = maxPool2dWithIndices(x, options)
      const unpooled = await numbers(maxUnpool2d(values, indices, { outputSize: [shape[1], shape[2]] }))
      const [all, maxima] = [await numbers(x), new Set(await numbers(values))]
      for (const [index, value] of unpooled.entries()) expect([0, all[index]]).toContain(value)
      expect(new Set(unpooled.filter((value) => value !== 0))).toEqual(
        new Set([...maxima].filter((each) => each !== 0)),
      )
    })
    await fc.assert(property, runs(backend))
  })

  test('maxPool2d of f(x) is f of maxPool2d for a rising f', async () => {
    const property = fc.asyncProperty(pooled, async ({ shape, options, seed }) => {
      const x = draw(shape, seed)
      const [inside, outside] = [maxPool2d(exp(x), options), exp(maxPool2d(x, options))]
      expectClose(await numbers(inside), await numbers(outside), 1e-6)
    })
    await fc.assert(property, runs(backend))
  })

  test('an adaptive pooling is a plain one where its size divides the image', async () => {
    const small = fc.integer({ min: 1, max: 3 })
    const property = fc.asyncProperty(
      fc.tuple(small, small),
      fc.tuple(small, small),
      async (outputSize, kernelSize) => {
        const x = draw([2, outputSize[0] * kernelSize[0], outputSize[1] * kernelSize[1], 3], 7)
        const averages = [adaptiveAvgPool2d(x, outputSize), avgPool2d(x, { kernelSize })] as const
        expectClose(await numbers(averages[0]), await numbers(averages[1]), 0)
        const maxima = [adaptiveMaxPool2d(x, outputSize), maxPool2d(x, { kernelSize })] as const
        expectClose(await numbers(maxima[0]), await numbers(maxima[1]), 0)
      },
    )
    await fc.assert(property, runs(backend))
  })

  test("all poolings have the size of PyTorch's formula", async () => {
    const property = fc.asyncProperty(pooled, async ({ shape, options, seed }) => {
      const x = draw(shape, seed)
      const expected = [0, 1].map((axis) => {
        const [length, padding] = [itemAt(shape, axis + 1), itemAt(options.padding, axis)]
        const [kernel, stride] = [itemAt(options.kernelSize, axis), itemAt(options.stride, axis)]
        const steps = (length + 2 * padding - kernel) / stride
        if (!options.ceilMode) return Math.floor(steps) + 1
        const count = Math.ceil(steps) + 1
        return (count - 1) * stride >= length + padding ? count - 1 : count
      })
      const { values, indices } = maxPool2dWithIndices(x, options)
      for (const y of [values, indices, maxPool2d(x, options), avgPool2d(x, options)]) {
        expect(y.shape).toEqual([shape[0], ...expected, shape[3]])
      }
    })
    await fc.assert(property, runs(backend))
  })
})

test('inverted windows are the windows that each element is in', () => {
  const sliding = fc
    .record({
      size: fc.integer({ min: 1, max: 12 }),
      count: fc.integer({ min: 1, max: 12 }),
      kernel: fc.integer({ min: 1, max: 5 }),
      stride: fc.integer({ min: 1, max: 5 }),
      padding: fc.integer({ min: 0, max: 2 }),
    })
    .map(({ size, count, ...options }) => slidingWindows(size, count, options))
  const even = fc.tuple(size, fc.integer({ min: 1, max: 15 })).map(([length, count]) => evenWindows(length, count))
  const property = fc.property(fc.oneof(sliding, even), (windows) => {
    const ranges = windowRanges(windows)
    const inverse = windowRanges(invertWindows(windows))
    expect(inverse.length).toBe(windows.size)
    for (const [element, [start, end]] of inverse.entries()) {
      const holders = ranges.flatMap(([first, last], window) => (first <= element && element < last ? [window] : []))
      expect(Array.from({ length: end - start }, (_, index) => start + index)).toEqual(holders)
    }
  })
  fc.assert(property, { numRuns: 300, seed: 20 })
})
