import { concat, random, slice, type Tensor, tensor, tidy, toHost, valueAndGrads } from '@ddnet/ops'
import { type BackendName, describeBackends, itemAt, tuple } from '@ddnet/testing'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { convTranspose1d } from './conv-transpose1d.ts'
import { convTranspose2d } from './conv-transpose2d.ts'
import { conv1d } from './conv1d.ts'
import { conv2d } from './conv2d.ts'
import { depthwiseConv2d } from './depthwise-conv2d.ts'

/** One axis, as large as the kernel needs or larger. */
const axis = fc
  .record({
    kernel: fc.integer({ min: 1, max: 4 }),
    stride: fc.integer({ min: 1, max: 3 }),
    dilation: fc.integer({ min: 1, max: 3 }),
    padding: fc.integer({ min: 0, max: 3 }),
    more: fc.integer({ min: 0, max: 6 }),
  })
  .map(({ more, ...given }) => {
    const { kernel, stride, dilation, padding } = given
    const reach = dilation * (kernel - 1) + 1
    const size = Math.max(1, reach - 2 * padding) + more
    const outSize = Math.floor((size + 2 * padding - reach) / stride) + 1
    // What brings the transposed convolution back to the size, beyond what no window reached.
    return { ...given, size, outSize, outputPadding: size - ((outSize - 1) * stride - 2 * padding + reach) }
  })

const convolution = fc
  .record({
    rows: axis,
    columns: axis,
    batch: fc.integer({ min: 1, max: 3 }),
    groups: fc.integer({ min: 1, max: 5 }),
    inputs: fc.constantFrom(1, 2, 3, 4, 9),
    outputs: fc.constantFrom(1, 2, 3, 4, 8, 9),
    seed: fc.nat(1000),
  })
  .map(({ rows, columns, batch, groups, inputs, outputs, seed }) => ({
    rows,
    columns,
    batch,
    groups,
    inputs,
    outputs,
    seed,
    x: [batch, rows.size, columns.size, groups * inputs],
    filter: [rows.kernel, columns.kernel, inputs, groups * outputs],
    y: [batch, rows.outSize, columns.outSize, groups * outputs],
    options: {
      stride: [rows.stride, columns.stride] as const,
      padding: [rows.padding, columns.padding] as const,
      dilation: [rows.dilation, columns.dilation] as const,
      groups,
    },
    outputPadding: [rows.outputPadding, columns.outputPadding] as const,
  }))

/** Whole numbers from −4 to 4: float32 holds every sum of their products here exactly, in any order. */
const whole = (seed: number, part: number, shape: number[]): Float32Array =>
  random
    .uniformValues(
      random.key(seed).fold(part),
      shape.reduce((product, size) => product * size, 1),
    )
    .map((value) => Math.floor(value * 9) - 4)

const values = async (x: Tensor): Promise<number[]> => {
  const { data } = await toHost(x)
  x.dispose()
  return Array.from(data as Float32Array, (value) => value + 0) // −0 is 0
}

const dot = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from(a).reduce((total, value, index) => total + value * itemAt(b, index), 0)

const settings = (backend: BackendName) => ({ seed: 2026, numRuns: backend === 'webgpu' ? 8 : 40 })

describeBackends('convolutions of whole numbers, exactly:', (backend) => {
  const holds = (property: fc.IAsyncProperty<unknown>): Promise<void> => fc.assert(property, settings(backend))

  test('conv2d is the sum that its formula says', () =>
    holds(
      fc.asyncProperty(convolution, async ({ rows, columns, inputs, outputs, seed, options, ...shapes }) => {
        const [xs, filters] = [whole(seed, 1, shapes.x), whole(seed, 2, shapes.filter)]
        const [batch, height, width, channels] = tuple(shapes.x, 4)
        const outChannels = itemAt(shapes.y, 3)
        const expected: number[] = []
        for (let at = 0; at < batch * rows.outSize * columns.outSize * outChannels; at++) {
          const o = at % outChannels
          const j = Math.floor(at / outChannels) % columns.outSize
          const i = Math.floor(at / outChannels / columns.outSize) % rows.outSize
          const n = Math.floor(at / outChannels / columns.outSize / rows.outSize)
          let total = 0
          for (let u = 0; u < rows.kernel; u++) {
            for (let v = 0; v < columns.kernel; v++) {
              const row = i * rows.stride - rows.padding + u * rows.dilation
              const column = j * columns.stride - columns.padding + v * columns.dilation
              if (row < 0 || column < 0 || row >= height || column >= width) continue
              for (let c = 0; c < inputs; c++) {
                const channel = Math.floor(o / outputs) * inputs + c
                const x = itemAt(xs, ((n * height + row) * width + column) * channels + channel)
                total += x * itemAt(filters, ((u * columns.kernel + v) * inputs + c) * outChannels + o)
              }
            }
          }
          expected.push(total)
        }
        const y = tidy(() => conv2d(tensor(xs, shapes.x), tensor(filters, shapes.filter), options))
        expect(y.shape).toEqual(shapes.y)
        expect(await values(y)).toEqual(expected)
      }),
    ))

  test('⟨conv2d(x, f), y⟩ = ⟨x, convTranspose2d(y, f)⟩ = ⟨x, ∂x⟩ = ⟨f, ∂f⟩', () =>
    holds(
      fc.asyncProperty(convolution, async ({ seed, options, outputPadding, ...shapes }) => {
        const [xs, filters, ys] = [whole(seed, 1, shapes.x), whole(seed, 2, shapes.filter), whole(seed, 3, shapes.y)]
        const x = tensor(xs, shapes.x)
        const filter = tensor(filters, shapes.filter)
        const y = tensor(ys, shapes.y)
        const { value, grads } = valueAndGrads(() => conv2d(x, filter, options), [x, filter], y)
        const transposed = convTranspose2d(y, filter, { ...options, outputPadding })
        expect(transposed.shape).toEqual(shapes.x)
        const expected = dot(await values(value), ys)
        expect(dot(xs, await values(transposed))).toBe(expected)
        expect(dot(xs, await values(grads[0]))).toBe(expected)
        expect(dot(filters, await values(grads[1]))).toBe(expected)
        for (const used of [x, filter, y]) used.dispose()
      }),
    ))

  test('⟨conv1d(x, f), y⟩ = ⟨x, convTranspose1d(y, f)⟩ = ⟨f, ∂f⟩', () =>
    holds(
      fc.asyncProperty(convolution, async ({ columns, batch, groups, inputs, outputs, seed }) => {
        const { kernel, size, outSize, outputPadding, stride, dilation, padding } = columns
        const shapes = {
          x: [batch, size, groups * inputs],
          filter: [kernel, inputs, groups * outputs],
          y: [batch, outSize, groups * outputs],
        }
        const [xs, filters, ys] = [whole(seed, 1, shapes.x), whole(seed, 2, shapes.filter), whole(seed, 3, shapes.y)]
        const x = tensor(xs, shapes.x)
        const filter = tensor(filters, shapes.filter)
        const y = tensor(ys, shapes.y)
        const options = { stride, dilation, padding, groups }
        const { value, grads } = valueAndGrads(() => conv1d(x, filter, options), [filter], y)
        const transposed = convTranspose1d(y, filter, { ...options, outputPadding })
        expect(transposed.shape).toEqual(shapes.x)
        const expected = dot(await values(value), ys)
        expect(dot(xs, await values(transposed))).toBe(expected)
        expect(dot(filters, await values(grads[0]))).toBe(expected)
        for (const used of [x, filter, y]) used.dispose()
      }),
    ))

  test('⟨depthwiseConv2d(x, f), y⟩ = ⟨x, ∂x⟩ = ⟨f, ∂f⟩', () =>
    holds(
      fc.asyncProperty(convolution, async ({ rows, columns, batch, groups, outputs, seed, options }) => {
        const { groups: _, ...plain } = options
        const shapes = {
          x: [batch, rows.size, columns.size, groups],
          filter: [rows.kernel, columns.kernel, groups, outputs],
          y: [batch, rows.outSize, columns.outSize, groups * outputs],
        }
        const [xs, filters, ys] = [whole(seed, 1, shapes.x), whole(seed, 2, shapes.filter), whole(seed, 3, shapes.y)]
        const x = tensor(xs, shapes.x)
        const filter = tensor(filters, shapes.filter)
        const y = tensor(ys, shapes.y)
        const { value, grads } = valueAndGrads(() => depthwiseConv2d(x, filter, plain), [x, filter], y)
        const expected = dot(await values(value), ys)
        expect(dot(xs, await values(grads[0]))).toBe(expected)
        expect(dot(filters, await values(grads[1]))).toBe(expected)
        for (const used of [x, filter, y]) used.dispose()
      }),
    ))

  test('conv2d is linear in x and in the filter', () =>
    holds(
      fc.asyncProperty(convolution, async ({ seed, options, ...shapes }) => {
        const [a, b] = [whole(seed, 1, shapes.x), whole(seed, 2, shapes.x)]
        const [f, g] = [whole(seed, 3, shapes.filter), whole(seed, 4, shapes.filter)]
        const run = (x: Float32Array, filter: Float32Array): Promise<number[]> =>
          values(tidy(() => conv2d(tensor(x, shapes.x), tensor(filter, shapes.filter), options)))
        const combine = (one: ArrayLike<number>, other: ArrayLike<number>): Float32Array =>
          Float32Array.from(one, (value, index) => 3 * value - itemAt(other, index))
        const first = await run(a, f)
        expect(await run(combine(a, b), f)).toEqual(Array.from(combine(first, await run(b, f)), (value) => value + 0))
        expect(await run(a, combine(f, g))).toEqual(Array.from(combine(first, await run(a, g)), (value) => value + 0))
      }),
    ))

  test('groups are convolutions of their own', () =>
    holds(
      fc.asyncProperty(convolution, async ({ groups, inputs, outputs, seed, options, outputPadding, ...shapes }) => {
        const x = tensor(whole(seed, 1, shapes.x), shapes.x)
        const y = tensor(whole(seed, 3, shapes.y), shapes.y)
        const filter = tensor(whole(seed, 2, shapes.filter), shapes.filter)
        const part = (all: Tensor, group: number, size: number): Tensor =>
          slice(all, [0, 0, 0, group * size], [...all.shape.slice(0, 3), size])
        const joined = (run: (group: number) => Tensor): Promise<number[]> =>
          values(
            tidy(() =>
              concat(
                Array.from({ length: groups }, (_, group) => run(group)),
                3,
              ),
            ),
          )
        const alone = { ...options, groups: 1 }
        expect(await values(conv2d(x, filter, options))).toEqual(
          await joined((group) => conv2d(part(x, group, inputs), part(filter, group, outputs), alone)),
        )
        expect(await values(convTranspose2d(y, filter, { ...options, outputPadding }))).toEqual(
          await joined((group) =>
            convTranspose2d(part(y, group, outputs), part(filter, group, outputs), { ...alone, outputPadding }),
          ),
        )
        for (const used of [x, y, filter]) used.dispose()
      }),
    ))

  test('a filter of one 1 moves the image', () =>
    holds(
      fc.asyncProperty(
        convolution,
        fc.nat(3),
        fc.nat(3),
        async ({ rows, columns, batch, seed, options }, row, column) => {
          const [u, v] = [row % rows.kernel, column % columns.kernel]
          const shape = [batch, rows.size, columns.size, 1]
          const xs = whole(seed, 1, shape)
          const filter = new Float32Array(rows.kernel * columns.kernel)
          filter[u * columns.kernel + v] = 1
          const y = tidy(() =>
            conv2d(tensor(xs, shape), tensor(filter, [rows.kernel, columns.kernel, 1, 1]), {
              ...options,
              groups: 1,
            }),
          )
          const expected = Array.from({ length: y.size }, (_, at) => {
            const from = Math.floor(at / columns.outSize) % rows.outSize
            const i = from * rows.stride - rows.padding + u * rows.dilation
            const j = (at % columns.outSize) * columns.stride - columns.padding + v * columns.dilation
            const n = Math.floor(at / columns.outSize / rows.outSize)
            const inside = i >= 0 && j >= 0 && i < rows.size && j < columns.size
            return inside ? itemAt(xs, (n * rows.size + i) * columns.size + j) + 0 : 0
          })
          expect(await values(y)).toEqual(expected)
        },
      ),
    ))
})
