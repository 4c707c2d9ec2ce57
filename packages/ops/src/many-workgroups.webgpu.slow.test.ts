import { useVariant } from '@ddnet/ops/webgpu'
import { entryOf, expectClose, lastItem, present, putVariantBack, useBackend } from '@ddnet/testing'
import * as tf from '@tensorflow/tfjs-core'
import { engine, type Tensor, tensor } from '@tensorflow/tfjs-core'
import { beforeAll, describe, expect, test } from 'vitest'
import * as ops from './index.ts'

// A grid has at most 65,535 workgroups in a dimension; what needs more is folded, into a grid that may have some too
// many. Every operator is computed with more rows than that, and in grids that are folded much earlier, and compared with
// plain JavaScript.

type Inputs = Record<string, Tensor>
// biome-ignore lint/suspicious/noExplicitAny: inputs of each operator's own kind
type Run = (inputs: any) => Tensor | Tensor[]
/** The shapes of the differentiable inputs for so many rows, and what is computed of them. */
type Check = [shapes: (rows: number) => Record<string, number[]>, run: Run, values?: 'positive' | 'steps' | undefined]

/** Multiples of 1/8 in [-1, 1], whose sums are exact. */
const numbers = (shape: number[], seed: number, positive: boolean): Tensor => {
  const size = tf.util.sizeFromShape(shape)
  const data = Float32Array.from({ length: size }, (_, i) => (((i * 7919 + seed * 104729) % 101) % 17) / 8 - 1)
  return tensor(positive ? data.map((x) => x + 1.5) : data, shape)
}
const integers = (size: number, below: number): Tensor =>
  tensor(
    Int32Array.from({ length: size }, (_, i) => (i * 7919) % below),
    [size],
    'int32',
  )

const table = (rows: number) => ({ x: [rows, 3] })
const pair = (rows: number) => ({ x: [rows, 3], y: [rows, 3] })
const images = (rows: number) => ({ x: [rows, 4, 4, 1] })
const channels = (rows: number) => ({ x: [1, 4, 4, rows] })
const rowsOf = ({ x }: Inputs): number => (x as Tensor).shape[0]

const elementwise = (name: string): Check[] => [
  [table, ({ x }) => call(name)(x), /log|sqrt|reci/.test(name) ? 'positive' : undefined],
]
const binary = (name: string): Check[] => [
  [pair, ({ x, y }) => call(name)(x, y), name === 'div' || name === 'pow' ? 'positive' : undefined],
  [
    (rows) => ({ x: [rows, 3], y: [3] }),
    ({ x, y }) => call(name)(x, y),
    name === 'div' || name === 'pow' ? 'positive' : undefined,
  ],
  [
    (rows) => ({ x: [rows, 1], y: [rows, 3] }),
    ({ x, y }) => call(name)(y, x),
    name === 'div' || name === 'pow' ? 'positive' : undefined,
  ],
]
const overBoth = (run: (x: Tensor, axis: number) => Tensor, values?: Check[2]): Check[] => [
  [table, ({ x }) => run(x, 0), values],
  [table, ({ x }) => run(x, 1), values],
  [(rows) => ({ x: [3, rows] }), ({ x }) => run(x, 0), values],
]
const call = (name: string): ((...parameters: unknown[]) => Tensor) => (ops as never)[name]
const all = <T>(names: string, make: (name: string) => T): [string, T][] =>
  names.split(' ').map((name) => [name, make(name)])

const trained = (x: Tensor): Tensor => {
  const channels = lastItem(x.shape)
  const { y, runningMean, runningVar } = ops.batchNorm(x, {
    training: true,
    runningMean: ops.zeros([channels]),
    runningVar: ops.ones([channels]),
  })
  ops.dispose([runningMean, runningVar])
  return y
}

const checks: Record<string, Check[]> = {
  ...Object.fromEntries(
    all(
      'abs exp log neg rsqrt sqrt square expm1 log1p sin cos erf reciprocal ceil floor round sign isNaN isFinite relu ' +
        'sigmoid tanh celu elu selu hardSigmoid hardSwish hardTanh leakyRelu relu6 gelu logSigmoid mish silu softsign ' +
        'softplus clone detach onesLike zerosLike',
      elementwise,
    ),
  ),
  ...Object.fromEntries(
    all(
      'add sub mul div maximum minimum squaredDifference pow equal notEqual greater greaterEqual less lessEqual',
      binary,
    ),
  ),
  activate: [[table, ({ x }) => ops.activate(x, 'relu')]],
  prelu: [[(rows) => ({ x: [rows, 3], y: [3] }), ({ x, y }) => ops.prelu(x, y)]],
  clamp: [[table, ({ x }) => ops.clamp(x, { min: -0.5, max: 0.5 })]],
  where: [[pair, ({ x, y }) => ops.where(ops.greater(x, y), x, 7)]],
  logicalAnd: [[pair, ({ x, y }) => ops.logicalAnd(ops.greater(x, 0), ops.greater(y, 0))]],
  logicalOr: [[pair, ({ x, y }) => ops.logicalOr(ops.greater(x, 0), ops.greater(y, 0))]],
  logicalNot: [[table, ({ x }) => ops.logicalNot(ops.greater(x, 0))]],
  // A row of 80 is a workgroup's.
  softmax: [...overBoth((x, axis) => ops.softmax(x, axis)), [(rows) => ({ x: [rows, 80] }), ({ x }) => ops.softmax(x)]],
  logSoftmax: overBoth((x, axis) => ops.logSoftmax(x, axis)),
  logSumExp: overBoth((x, axis) => ops.logSumExp(x, axis)),
  sum: overBoth((x, axis) => ops.sum(x, axis)),
  mean: overBoth((x, axis) => ops.mean(x, axis)),
  max: overBoth((x, axis) => ops.max(x, axis)),
  min: overBoth((x, axis) => ops.min(x, axis)),
  prod: [[table, ({ x }) => ops.prod(x, 1)]],
  norm: overBoth((x, axis) => ops.norm(x, { axis }), 'positive'),
  variance: overBoth((x, axis) => ops.variance(x, axis)),
  std: overBoth((x, axis) => ops.std(x, axis)),
  argMax: overBoth((x, axis) => ops.argMax(x, axis)),
  argMin: overBoth((x, axis) => ops.argMin(x, axis)),
  any: overBoth((x, axis) => ops.any(x, axis)),
  all: overBoth((x, axis) => ops.all(x, axis)),
  cumsum: overBoth((x, axis) => ops.cumsum(x, axis)),
  sort: overBoth((x, axis) => ops.sort(x, { axis }).values),
  argSort: overBoth((x, axis) => ops.argSort(x, { axis })),
  topK: overBoth((x, axis) => ops.topK(x, 2, { axis }).values),
  transpose: [
    [table, ({ x }) => ops.transpose(x)],
    [(rows) => ({ x: [2, rows, 3] }), ({ x }) => ops.transpose(x, [1, 2, 0])],
  ],
  reshape: [[table, ({ x }) => ops.reshape(x, [3, -1])]],
  expandDims: [[table, ({ x }) => ops.expandDims(x, 0)]],
  squeeze: [[(rows) => ({ x: [rows, 1] }), ({ x }) => ops.squeeze(x)]],
  broadcastTo: [
    [(rows) => ({ x: [1, 3], y: [rows, 1] }), ({ x, y }) => ops.mul(ops.broadcastTo(x, [y.shape[0], 3]), y)],
  ],
  tile: [[table, ({ x }) => ops.tile(x, [1, 2])]],
  reverse: [[table, ({ x }) => ops.reverse(x, 0)]],
  roll: [[table, ({ x }) => ops.roll(x, 5, 0)]],
  concat: [[pair, ({ x, y }) => ops.concat([x, y], 1)]],
  stack: [[pair, ({ x, y }) => ops.stack([x, y], 1)]],
  slice: [[table, ({ x }) => ops.slice(x, [1, 1])]],
  split: [[table, ({ x }) => ops.split(x, 2, 1)]],
  chunk: [[table, ({ x }) => ops.chunk(x, 2, 0)]],
  unstack: [[table, ({ x }) => ops.unstack(x, 1)]],
  cast: [[table, ({ x }) => ops.cast(ops.cast(ops.mul(x, 8), 'int32'), 'float32')]],
  padConstant: [
    [
      table,
      ({ x }) =>
        ops.padConstant(
          x,
          [
            [1, 2],
            [0, 1],
          ],
          3,
        ),
    ],
  ],
  pad: [
    [
      images,
      ({ x }) =>
        ops.pad(
          x,
          [
            [0, 0],
            [1, 2],
            [1, 0],
            [0, 0],
          ],
          { mode: 'reflect' },
        ),
    ],
  ],
  gather: [
    [table, (inputs) => ops.gather(inputs.x, integers(rowsOf(inputs), rowsOf(inputs)))],
    [table, ({ x }) => ops.gather(x, integers(4, 3), 1)],
  ],
  takeAlongAxis: [
    [table, (inputs) => ops.takeAlongAxis(inputs.x, ops.reshape(integers(rowsOf(inputs), 3), [-1, 1]), 1)],
  ],
  scatter: [
    [
      (rows) => ({ x: [rows, 3], y: [rows, 1] }),
      (inputs) => ops.scatter(inputs.x, ops.reshape(integers(rowsOf(inputs), 3), [-1, 1]), inputs.y, 1),
    ],
  ],
  scatterAdd: [
    [
      (rows) => ({ x: [rows, 3], y: [rows, 1] }),
      (inputs) => ops.scatterAdd(inputs.x, ops.reshape(integers(rowsOf(inputs), 3), [-1, 1]), inputs.y, 1),
    ],
  ],
  oneHot: [[table, (inputs) => ops.oneHot(integers(rowsOf(inputs), 3), 3)]],
  embedding: [
    [(rows) => ({ y: [5, 3], x: [rows, 1] }), (inputs) => ops.embedding(integers(rowsOf(inputs), 5), inputs.y)],
    [(rows) => ({ y: [rows, 3] }), ({ y }) => ops.embedding(integers(50, y.shape[0]), y)],
  ],
  linear: [[(rows) => ({ x: [rows, 3], w: [2, 3], b: [2] }), ({ x, w, b }) => ops.linear(x, w, b)]],
  matMul: [
    [(rows) => ({ x: [rows, 3], y: [3, 2] }), ({ x, y }) => ops.matMul(x, y)],
    [(rows) => ({ x: [rows, 2, 3], y: [rows, 3, 2] }), ({ x, y }) => ops.matMul(x, y)],
    [(rows) => ({ x: [2, 3], y: [3, rows] }), ({ x, y }) => ops.matMul(x, y)],
    [(rows) => ({ x: [2, rows], y: [rows, 3] }), ({ x, y }) => ops.matMul(x, y)],
  ],
  scaledDotProductAttention: [
    [
      (rows) => ({ q: [rows, 2, 3], k: [rows, 2, 3], v: [rows, 2, 2] }),
      ({ q, k, v }) => ops.scaledDotProductAttention(q, k, v, { causal: true }),
    ],
  ],
  softmaxCrossEntropy: [
    [table, (inputs) => ops.softmaxCrossEntropy(inputs.x, integers(rowsOf(inputs), 3), { reduction: 'none' })],
    [table, (inputs) => ops.softmaxCrossEntropy(inputs.x, integers(rowsOf(inputs), 3), { labelSmoothing: 0.1 })],
  ],
  conv1d: [[(rows) => ({ x: [rows, 5, 2], f: [3, 2, 2] }), ({ x, f }) => ops.conv1d(x, f)]],
  conv2d: [
    [(rows) => ({ x: [rows, 3, 3, 1], f: [3, 3, 1, 2] }), ({ x, f }) => ops.conv2d(x, f, { padding: 1 })],
    [(rows) => ({ x: [1, 1, rows, 4], f: [1, 3, 4, 4] }), ({ x, f }) => ops.conv2d(x, f)],
    [(rows) => ({ x: [1, 2, 2, 2], f: [1, 1, 2, rows] }), ({ x, f }) => ops.conv2d(x, f)],
    [(rows) => ({ x: [1, 2, 2, rows], f: [1, 1, rows, 2] }), ({ x, f }) => ops.conv2d(x, f)],
  ],
  convTranspose1d: [
    [(rows) => ({ x: [rows, 3, 2], f: [3, 2, 2] }), ({ x, f }) => ops.convTranspose1d(x, f, { stride: 2 })],
  ],
  convTranspose2d: [
    [(rows) => ({ x: [rows, 2, 2, 1], f: [2, 2, 1, 1] }), ({ x, f }) => ops.convTranspose2d(x, f, { stride: 2 })],
  ],
  depthwiseConv2d: [
    [(rows) => ({ x: [rows, 3, 3, 2], f: [3, 3, 2, 1] }), ({ x, f }) => ops.depthwiseConv2d(x, f, { padding: 1 })],
    [(rows) => ({ x: [1, 3, 3, rows], f: [2, 2, rows, 1] }), ({ x, f }) => ops.depthwiseConv2d(x, f)],
  ],
  separableConv2d: [
    [
      (rows) => ({ x: [rows, 3, 3, 1], f: [2, 2, 1, 1], p: [1, 1, 1, 2] }),
      ({ x, f, p }) => ops.separableConv2d(x, f, p),
    ],
  ],
  avgPool1d: [[(rows) => ({ x: [rows, 4, 1] }), ({ x }) => ops.avgPool1d(x, { kernelSize: 2 })]],
  maxPool1d: [[(rows) => ({ x: [rows, 4, 1] }), ({ x }) => ops.maxPool1d(x, { kernelSize: 2 }), 'steps']],
  avgPool2d: [
    [images, ({ x }) => ops.avgPool2d(x, { kernelSize: 2 })],
    [channels, ({ x }) => ops.avgPool2d(x, { kernelSize: 3, stride: 1, padding: 1 })],
  ],
  maxPool2d: [
    [images, ({ x }) => ops.maxPool2d(x, { kernelSize: 2 }), 'steps'],
    [channels, ({ x }) => ops.maxPool2d(x, { kernelSize: 3, stride: 1, padding: 1 }), 'steps'],
  ],
  maxPool2dWithIndices: [[images, ({ x }) => ops.maxPool2dWithIndices(x, { kernelSize: 2 }).values, 'steps']],
  maxUnpool2d: [
    [
      images,
      ({ x }) => {
        const { values, indices } = ops.maxPool2dWithIndices(x, { kernelSize: 2 })
        return ops.maxUnpool2d(values, indices, { outputSize: [4, 4] })
      },
      'steps',
    ],
  ],
  adaptiveAvgPool2d: [[images, ({ x }) => ops.adaptiveAvgPool2d(x, 3)]],
  adaptiveMaxPool2d: [[images, ({ x }) => ops.adaptiveMaxPool2d(x, 2), 'steps']],
  interpolate: [
    [(rows) => ({ x: [rows, 2, 2, 1] }), ({ x }) => ops.interpolate(x, { size: [3, 3], mode: 'bilinear' })],
  ],
  pixelShuffle: [[(rows) => ({ x: [rows, 1, 1, 4] }), ({ x }) => ops.pixelShuffle(x, 2)]],
  pixelUnshuffle: [[(rows) => ({ x: [rows, 2, 2, 1] }), ({ x }) => ops.pixelUnshuffle(x, 2)]],
  layerNorm: [[(rows) => ({ x: [rows, 5] }), ({ x }) => ops.layerNorm(x, { normalizedShape: [5] })]],
  groupNorm: [[(rows) => ({ x: [rows, 2, 2, 4], w: [4] }), ({ x, w }) => ops.groupNorm(x, { groups: 2, weight: w })]],
  instanceNorm: [[(rows) => ({ x: [rows, 2, 3, 2] }), ({ x }) => ops.instanceNorm(x)]],
  batchNorm: [
    [table, ({ x }) => trained(x)],
    [(rows) => ({ x: [4, rows] }), ({ x }) => trained(x)],
  ],
  adamUpdate: [
    [
      (rows) => ({ parameter: [rows, 3], gradient: [rows, 3], m: [rows, 3], v: [rows, 3] }),
      (inputs) =>
        ops.adamUpdate(inputs, {
          learningRate: 0.1,
          beta1: 0.9,
          beta2: 0.99,
          eps: 1e-3,
          weightDecay: 0,
          decoupled: false,
          step: 2,
        }),
      'positive',
    ],
  ],
}

/** What is no operator, makes its result on the host, or has as many values as rows squared. */
const others = new Set(
  (
    'dispose engine getBackend keep memory ready tidy Tensor BackendUnavailable ShapeError defineOp grad grads keepAll ' +
    'valueAndGrads valueAndSomeGrads NoPathError softmaxCrossEntropyMean fromHost permuteHost toHost random onShapes placeholder dropout tensor scalar ones zeros diag eye trace ' +
    'adamUpdates sgdUpdates'
  ).split(' '),
)

const withoutGradient = new Set(
  (
    'adamUpdate argMax argMin argSort any all oneHot isNaN isFinite logicalAnd logicalOr logicalNot detach onesLike ' +
    'zerosLike cast equal notEqual greater greaterEqual less lessEqual'
  ).split(' '),
)

test('every operator is computed with many rows', () => {
  expect(Object.keys(ops).filter((name) => !(name in checks) && !others.has(name))).toEqual([])
})

interface Results {
  readonly [name: string]: ArrayLike<number>
}

/** Values and the gradients of `Σ y · w` on a backend. */
async function compute(
  backend: 'cpu' | 'webgpu',
  name: string,
  [shapes, run, kind]: Check,
  rows: number,
): Promise<Results> {
  await useBackend(backend)
  const inputs = Object.fromEntries(
    Object.entries(shapes(rows)).map(([role, shape], seed) => [role, numbers(shape, seed, kind === 'positive')]),
  )
  const roles = Object.keys(inputs)
  const value = (): Tensor[] => [run(inputs)].flat()
  const found: Results = await read(
    tf.tidy(() => value()),
    (i) => `value ${i}`,
  )
  if (withoutGradient.has(name)) return found
  const loss = (): Tensor =>
    value()
      .map((y, i) => ops.sum(ops.mul(ops.cast(y, 'float32'), weightsOf(y.shape, i))))
      .reduce((sum, y) => ops.add(sum, y))
  const gradients = tf.tidy(() => ops.valueAndGrads(loss, Object.values(inputs)).grads)
  const all = { ...found, ...(await read(gradients, (i) => `gradient of ${roles[i]}`)) }
  for (const input of Object.values(inputs)) input.dispose()
  return all
}

const weightsOf = (shape: number[], seed: number): Tensor => numbers(shape, seed + 50, false)

async function read(tensors: readonly Tensor[], nameOf: (index: number) => string): Promise<Results> {
  const values = await Promise.all(tensors.map((each) => each.data()))
  for (const each of tensors) each.dispose()
  return Object.fromEntries(values.map((data, index) => [nameOf(index), data]))
}

/** Lets kernels believe meanwhile that a device takes so few workgroups in a dimension. */
async function withGrid<T>(most: number | undefined, run: () => Promise<T>): Promise<T> {
  if (most === undefined) return run()
  await useBackend('webgpu')
  const { device } = engine().backend as unknown as { device: GPUDevice }
  const { limits } = device
  const get = (target: GPUSupportedLimits, key: string): unknown =>
    key === 'maxComputeWorkgroupsPerDimension' ? most : Reflect.get(target, key, target)
  Object.defineProperty(device, 'limits', { value: new Proxy(limits, { get }), configurable: true })
  try {
    return await run()
  } finally {
    Object.defineProperty(device, 'limits', { value: limits, configurable: true })
  }
}

const reason = present(['webgpu']).length === 0 ? ' (webgpu is not here)' : ''
describe.skipIf(reason !== '')(`folded grids on webgpu${reason}`, () => {
  beforeAll(() => useBackend('webgpu'))
  putVariantBack()
  const cases = Object.entries(checks).flatMap(([name, list]) => list.map((check, i) => [name, i, check] as const))
  // As many rows as need a fold, and fewer in small grids, where the kernels for GPUs run, too.
  test.each(cases)('%s %i', async (name, _, check) => {
    for (const [rows, most, variant] of [
      [65_537, undefined, 'software'],
      [3_001, 23, 'software'],
      [3_001, 23, 'gpu'],
    ] as const) {
      const expected = await compute('cpu', name, check, rows)
      await useBackend('webgpu')
      useVariant(engine().backend, variant)
      const found = await withGrid(most, () => compute('webgpu', name, check, rows))
      for (const [what, values] of Object.entries(expected)) {
        expectClose(entryOf(found, what), values, 2e-5, `${name} of ${rows} rows for ${variant}, ${what}`)
      }
    }
  })
})
