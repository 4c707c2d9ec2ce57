import { engine, getKernel, type KernelFunc, mul, range, reshape, sin, type Tensor, tidy } from '@tensorflow/tfjs-core'
import { beforeAll, expect, test } from 'vitest'
import { webgpu } from '../webgpu.ts'
import { softwareConv2d } from './conv2d.ts'
import { softwareConv2dInputGradient } from './conv2d-input-gradient.ts'

type Shape = [number, number, number, number]

interface Geometry {
  x: Shape
  filter: Shape
  stride: [number, number]
  /** Top, bottom, left, right. */
  padding: Shape
  dilation: [number, number]
}

const cases: (Geometry & { name: string })[] = [
  { name: '3 × 3', x: [2, 5, 7, 4], filter: [3, 3, 4, 8], stride: [1, 1], padding: [1, 1, 1, 1], dilation: [1, 1] },
  { name: 'stride', x: [3, 9, 6, 8], filter: [3, 2, 8, 4], stride: [2, 3], padding: [1, 0, 0, 2], dilation: [1, 1] },
  {
    name: 'stride over taps',
    x: [1, 7, 7, 4],
    filter: [1, 2, 4, 16],
    stride: [3, 3],
    padding: [0, 0, 0, 0],
    dilation: [1, 1],
  },
  { name: '1 × 1', x: [1, 1, 1, 12], filter: [1, 1, 12, 4], stride: [1, 1], padding: [0, 0, 0, 0], dilation: [1, 1] },
  { name: 'dilation', x: [1, 9, 9, 4], filter: [2, 3, 4, 32], stride: [1, 1], padding: [2, 1, 0, 0], dilation: [3, 2] },
  {
    name: '3 channels',
    x: [2, 4, 4, 3],
    filter: [3, 3, 3, 4],
    stride: [1, 1],
    padding: [1, 1, 1, 1],
    dilation: [1, 1],
  },
  { name: '6 filters', x: [2, 4, 4, 4], filter: [3, 3, 4, 6], stride: [1, 1], padding: [0, 1, 0, 1], dilation: [1, 1] },
]

beforeAll(async () => {
  await webgpu()
})

test.each(cases)('convolution: $name', async ({ name: _, ...geometry }) => {
  const x = wave(geometry.x, 0.7)
  const filter = wave(geometry.filter, 1.3)
  const y = run(softwareConv2d(stock('Conv2D')), { x, filter }, geometry)
  const expected = new Float64Array(y.size)
  const [xs, filters] = [await x.data(), await filter.data()]
  eachTap(geometry, y.shape as Shape, (inX, inFilter, inY) => {
    expected[inY] = (expected[inY] as number) + (xs[inX] as number) * (filters[inFilter] as number)
  })
  await expectValues(y, expected)
  for (const tensor of [x, filter, y]) tensor.dispose()
})

test.each(cases.filter(({ dilation }) => dilation[0] === 1))(
  'its input gradient: $name',
  async ({ name: _, ...geometry }) => {
    const filter = wave(geometry.filter, 1.3)
    const shape = outputShape(geometry)
    const dy = wave(shape, 0.9)
    const dx = run(softwareConv2dInputGradient(stock('Conv2DBackpropInput')), { dy, filter }, geometry)
    expect(dx.shape).toEqual(geometry.x)
    const expected = new Float64Array(dx.size)
    const [dys, filters] = [await dy.data(), await filter.data()]
    eachTap(geometry, shape, (inX, inFilter, inY) => {
      expected[inX] = (expected[inX] as number) + (dys[inY] as number) * (filters[inFilter] as number)
    })
    await expectValues(dx, expected)
    for (const tensor of [dy, filter, dx]) tensor.dispose()
  },
)

const stock = (name: string): KernelFunc => getKernel(name, 'webgpu').kernelFunc

function run(kernel: KernelFunc, inputs: Record<string, Tensor>, { x, stride, padding, dilation }: Geometry): Tensor {
  const [top, bottom, left, right] = padding
  const attrs = {
    strides: stride,
    pad: [
      [0, 0],
      [top, bottom],
      [left, right],
      [0, 0],
    ] as never,
    dataFormat: 'NHWC',
    dilations: dilation,
    inputShape: x,
  }
  return engine().makeTensorFromTensorInfo(kernel({ inputs, attrs, backend: engine().backend }) as never)
}

const wave = (shape: Shape, pitch: number): Tensor =>
  tidy(() => reshape(sin(mul(range(0, shape[0] * shape[1] * shape[2] * shape[3]), pitch)), shape))

const outputShape = ({ x, filter, stride, padding, dilation }: Geometry): Shape => [
  x[0],
  Math.floor((x[1] + padding[0] + padding[1] - dilation[0] * (filter[0] - 1) - 1) / stride[0]) + 1,
  Math.floor((x[2] + padding[2] + padding[3] - dilation[1] * (filter[1] - 1) - 1) / stride[1]) + 1,
  filter[3],
]

/** `y[n, i, j, o] = Σ x[n, i·s − top + r·d, j·s − left + c·d, k] · filter[r, c, k, o]`: the places of each product. */
function eachTap(
  { x, filter, stride, padding, dilation }: Geometry,
  y: Shape,
  visit: (inX: number, inFilter: number, inY: number) => void,
): void {
  for (const [n, i, j, o] of places(y)) {
    for (const [r, c, k] of places([filter[0], filter[1], filter[2], 1])) {
      const row = i * stride[0] - padding[0] + r * dilation[0]
      const column = j * stride[1] - padding[2] + c * dilation[1]
      if (row < 0 || column < 0 || row >= x[1] || column >= x[2]) continue
      visit(index(x, [n, row, column, k]), index(filter, [r, c, k, o]), index(y, [n, i, j, o]))
    }
  }
}

function* places([a, b, c, d]: Shape): Generator<Shape> {
  for (let at = 0; at < a * b * c * d; at++) {
    yield [Math.floor(at / (b * c * d)), Math.floor(at / (c * d)) % b, Math.floor(at / d) % c, at % d]
  }
}

const index = ([, b, c, d]: Shape, [i, j, k, l]: Shape): number => ((i * b + j) * c + k) * d + l

async function expectValues(actual: Tensor, expected: Float64Array): Promise<void> {
  const values = await actual.data()
  const worst = expected.reduce((most, value, at) => Math.max(most, Math.abs(value - (values[at] as number))), 0)
  expect(values.length).toBe(expected.length)
  expect(worst).toBeLessThan(1e-5)
}
