import {
  addN,
  engine,
  getKernel,
  matMul,
  mul,
  ones,
  pow,
  range,
  reshape,
  sin,
  sub,
  type Tensor,
  tensor2d,
  tidy,
} from '@tensorflow/tfjs-core'
import { beforeAll, describe, expect, test } from 'vitest'
import { webgpu } from './index.ts'
import { softwareConv2d } from './software-conv2d.ts'

beforeAll(async () => {
  await webgpu()
})

/** Tensors that live on the device, whatever their size: small ones on the host would be computed there. */
const onDevice = (shape: number[], values: number[]): Tensor =>
  tidy(() => reshape(matMul(tensor2d(values, [values.length, 1]), ones([1, 1])), shape))

describe('addN', () => {
  test.each([1, 2, 7, 8, 15, 40])('sums %i tensors', async (count) => {
    const total = tidy(() => addN(Array.from({ length: count }, (_, index) => onDevice([2], [index + 1, 1]))))
    expect([...(await total.data())]).toEqual([(count * (count + 1)) / 2, count])
    total.dispose()
  })

  test('keeps no partial sum', async () => {
    const backend = engine().backend as unknown as { numDataIds(): number }
    const terms = Array.from({ length: 20 }, () => onDevice([1], [1]))
    await terms.at(-1)?.data()
    const before = backend.numDataIds()
    const total = addN(terms)
    await total.data()
    total.dispose()
    expect(backend.numDataIds()).toBe(before)
    for (const term of terms) term.dispose()
  })
})

describe('a vector broadcast over the last axis', () => {
  test.each([
    ['left', () => sub(onDevice([3], [1, 2, 3]), onDevice([2, 1, 3], [10, 20, 30, 40, 50, 60]))],
    ['right', () => sub(onDevice([2, 1, 3], [-10, -20, -30, -40, -50, -60]), onDevice([3], [-1, -2, -3]))],
  ])('on the %s', async (_, run) => {
    const difference = tidy(run)
    expect(difference.shape).toEqual([2, 1, 3])
    expect([...(await difference.data())]).toEqual([-9, -18, -27, -39, -48, -57])
    difference.dispose()
  })

  test('of two vectors stays a vector', async () => {
    const power = tidy(() => pow(onDevice([3], [1, 2, 3]), onDevice([3], [2, 2, 2])))
    expect(power.shape).toEqual([3])
    expect([...(await power.data())].map(Math.round)).toEqual([1, 4, 9])
    power.dispose()
  })
})

describe('convolution for adapters on the CPU', () => {
  const cases = [
    { name: '3 × 3', x: [2, 5, 7, 4], filter: [3, 3, 4, 8], stride: 1, padding: [1, 1, 1, 1], dilation: 1 },
    { name: 'stride', x: [3, 9, 6, 8], filter: [3, 2, 8, 4], stride: 2, padding: [1, 0, 0, 2], dilation: 1 },
    { name: 'dilation', x: [1, 9, 9, 4], filter: [2, 3, 4, 4], stride: 1, padding: [2, 1, 0, 0], dilation: 3 },
    { name: '1 × 1', x: [1, 1, 1, 12], filter: [1, 1, 12, 4], stride: 1, padding: [0, 0, 0, 0], dilation: 1 },
    {
      name: 'channels not in fours',
      x: [1, 4, 4, 3],
      filter: [3, 3, 3, 4],
      stride: 1,
      padding: [0, 0, 0, 0],
      dilation: 1,
    },
  ]
  test.each(cases)(
    '$name equals the sum over taps',
    async ({ x: xShape, filter: shape, stride, padding, dilation }) => {
      const size = (dims: number[]): number => dims.reduce((product, each) => product * each, 1)
      const wave = (dims: number[], pitch: number): Tensor =>
        tidy(() => reshape(sin(mul(range(0, size(dims)), pitch)), dims))
      const x = wave(xShape, 0.7)
      const filter = wave(shape, 1.3)
      const [top, bottom, left, right] = padding as [number, number, number, number]
      const conv2d = softwareConv2d(getKernel('Conv2D', 'webgpu').kernelFunc)
      const output = conv2d({
        inputs: { x, filter },
        backend: engine().backend,
        attrs: {
          strides: [stride, stride],
          pad: [
            [0, 0],
            [top, bottom],
            [left, right],
            [0, 0],
          ] as never,
          dataFormat: 'NHWC',
          dilations: [dilation, dilation],
        },
      })
      const y = engine().makeTensorFromTensorInfo(output as never)
      const expected = convolve(await x.data(), xShape, await filter.data(), shape, y.shape, {
        stride,
        top,
        left,
        dilation,
      })
      const actual = await y.data()
      for (const [index, value] of expected.entries()) expect(actual[index]).toBeCloseTo(value, 4)
      for (const tensor of [x, filter, y]) tensor.dispose()
    },
  )
})

/** `y[n, i, j, o] = Σ x[n, i·s − top + r·d, j·s − left + c·d, k] · filter[r, c, k, o]`, zero outside the image. */
function convolve(
  x: ArrayLike<number>,
  [, height, width, channels]: number[],
  filter: ArrayLike<number>,
  [rows, columns, , outChannels]: number[],
  [batch, outHeight, outWidth]: number[],
  { stride, top, left, dilation }: { stride: number; top: number; left: number; dilation: number },
): number[] {
  const y: number[] = []
  const each = (count: number | undefined, visit: (index: number) => void): void => {
    for (let index = 0; index < (count as number); index++) visit(index)
  }
  each(batch, (n) =>
    each(outHeight, (i) =>
      each(outWidth, (j) =>
        each(outChannels, (o) => {
          let total = 0
          each(rows, (r) =>
            each(columns, (c) =>
              each(channels, (k) => {
                const row = i * stride - top + r * dilation
                const column = j * stride - left + c * dilation
                if (row < 0 || column < 0 || row >= (height as number) || column >= (width as number)) return
                const at = ((n * (height as number) + row) * (width as number) + column) * (channels as number) + k
                const tap = ((r * (columns as number) + c) * (channels as number) + k) * (outChannels as number) + o
                total += (x[at] as number) * (filter[tap] as number)
              }),
            ),
          )
          y.push(total)
        }),
      ),
    ),
  )
  return y
}
