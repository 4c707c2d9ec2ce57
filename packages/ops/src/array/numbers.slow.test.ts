import * as ops from '@ddnet/ops'
import { describeBackends, itemAt, keepForPage, pageRows, testDevice } from '@ddnet/testing'
import { type Tensor, tensor, tidy } from '@tensorflow/tfjs-core'
import { expect, test } from 'vitest'

// The rows of docs/numbers.md: what a backend makes of numbers and counts that are hard for float32, int32 or its kernels.
// `pnpm numbers` writes the page from what is found here; each row has PyTorch's answer from fixtures/numbers.json.

const { NaN: nan, POSITIVE_INFINITY: infinity } = Number
const count = 2 ** 20
const edge = 2 ** 24

const floats = (...values: number[]): Tensor => tensor(values)
const ints = (...values: number[]): Tensor => tensor(Int32Array.from(values), [values.length], 'int32')
const near100 = (seed: number, ...shape: number[]): Tensor => tensor(wave(seed), shape)
const wave = (seed: number): Float32Array =>
  Float32Array.from({ length: count }, (_, at) => 100 + Math.sin(at * 0.37 + seed))
const gradientOf = (run: (x: Tensor) => Tensor, at: Tensor, dy?: Tensor): Tensor =>
  ops.valueAndGrads(() => run(at), [at], dy ?? ops.ones(run(at).shape)).grads[0]

const [first, second] = [wave(0), wave(1)]
const added = (at: (index: number) => number, size = count): number => {
  let sum = 0
  for (let index = 0; index < size; index++) sum += at(index)
  return sum
}
const sum = added((at) => itemAt(first, at))
const product = added((at) => itemAt(first, at) * itemAt(second, at))
const spread = added((at) => (itemAt(first, at) - sum / count) ** 2) / (count - 1)

/** How far a result is off, relative to what is right. */
interface Off {
  readonly from: number
  readonly run: () => Tensor
}

/** The results that a probe shows as they are, or one of which it shows the error. */
type Probe = (() => Tensor) | Off

const pages: Record<string, Record<string, Probe>> = {
  'Large counts': {
    'sum of 2²⁰ values near 100': { from: sum, run: () => ops.sum(near100(0, count)) },
    'mean of 1024 × 1024 pixels near 100': {
      from: sum / count,
      run: () => ops.mean(near100(0, 1, 1024, 1024, 1), [1, 2]),
    },
    'last of `cumsum` of 2²² times 0.1': {
      from: 4 * count * Math.fround(0.1),
      run: () => ops.slice(ops.cumsum(ops.mul(ops.ones([4 * count]), 0.1), 0), 4 * count - 1, 1),
    },
    'variance of 2²⁰ values near 100, by `batchNorm`': {
      from: spread,
      run: () => {
        const running = { runningMean: ops.zeros([1]), runningVar: ops.zeros([1]) }
        return ops.batchNorm(near100(0, count, 1), { ...running, training: true, momentum: 1 }).runningVar
      },
    },
    '`matMul` over 2²⁰ products': { from: product, run: () => ops.matMul(near100(0, 1, count), near100(1, count, 1)) },
    'filter gradient of `conv2d` over 2²⁰ pixels': {
      from: product,
      run: () =>
        gradientOf(
          (filter) => ops.conv2d(near100(0, 1, 1024, 1024, 1), filter),
          ops.ones([1, 1, 1, 1]),
          near100(1, 1, 1024, 1024, 1),
        ),
    },
    '`scatterAdd` of 2²⁰ values near 100 to one place': {
      from: sum,
      run: () => ops.scatterAdd(ops.zeros([1]), ops.zeros([count], 'int32'), near100(0, count), 0),
    },
    'last row of `softmax` of 70,000 rows of [0, 0]': () =>
      ops.slice(ops.softmax(ops.zeros([70_000, 2])), [69_999, 0], [1, 2]),
    '`gather` of 2²⁴ + 8 positions, at 2²⁴ + 1': () => ops.gather(atEdge(), ints(edge + 1)),
    '`argMax` of 2²⁴ + 8 values, the largest at 2²⁴ + 1': () => ops.argMax(atEdge()),
  },
  'Integers beyond 2²⁴': {
    '`equal(16777217, 16777216)`': () => ops.equal(ints(edge + 1), ints(edge)),
    '`add(16777217, 1)`': () => ops.add(ints(edge + 1), 1),
    '`mul(16777217, 3)`': () => ops.mul(ints(edge + 1), 3),
    '`neg(16777217)`': () => ops.neg(ints(edge + 1)),
    '`add(2147483647, 1)` wraps around': () => ops.add(ints(2 ** 31 - 1), 1),
    '`sum` of 16777217 and 2': () => ops.sum(ints(edge + 1, 2)),
    '`sort` of 1, -2147483648, 16777217, 16777216': () => ops.sort(ints(1, -(2 ** 31), edge + 1, edge)).values,
    '`topK`, smallest two of them': () => ops.topK(ints(1, -(2 ** 31), edge + 1, edge), 2, { largest: false }).values,
    '`cumsum` of 16777217, 1, 1': () => ops.cumsum(ints(edge + 1, 1, 1), 0),
    '`cast` of 16777217 to float32': () => ops.cast(ints(edge + 1), 'float32'),
    '`cast` of −1.7 and 1.7 to int32': () => ops.cast(floats(-1.7, 1.7), 'int32'),
  },
  'NaN and infinities': {
    '`relu(NaN)`': () => ops.relu(floats(nan)),
    'its gradient': () => gradientOf(ops.relu, floats(nan)),
    '`max` of 1, NaN': () => ops.max(floats(1, nan)),
    '`maximum(NaN, 1)`, `maximum(1, NaN)`': () => ops.maximum(floats(nan, 1), floats(1, nan)),
    '`clamp(NaN)` to 0 … 1': () => ops.clamp(floats(nan), { min: 0, max: 1 }),
    '`argMax` of 1, NaN, 2': () => ops.argMax(floats(1, nan, 2)),
    '`sort` of NaN, 1, ∞': () => ops.sort(floats(nan, 1, infinity)).values,
    '`equal(NaN, NaN)`, `notEqual(NaN, NaN)`': () =>
      ops.stack([ops.equal(floats(nan), floats(nan)), ops.notEqual(floats(nan), floats(nan))]),
    '`isNaN(NaN)`, `isFinite(∞)`': () => ops.stack([ops.isNaN(floats(nan)), ops.isFinite(floats(infinity))]),
    '`where(false, NaN, 1)`': () => ops.where(ops.equal(floats(0), 1), floats(nan), 1),
    '`softmax` of NaN, 0': () => ops.softmax(floats(nan, 0)),
    '`mul(0, ∞)`': () => ops.mul(floats(0), floats(infinity)),
    '`div(1, 0)`, `div(0, 0)`': () => ops.div(floats(1, 0), floats(0, 0)),
    '`log(0)`': () => ops.log(floats(0)),
    '`pow(0, −1)`': () => ops.pow(floats(0), floats(-1)),
    '`exp(100)`': () => ops.exp(floats(100)),
    'gradient of `softmaxCrossEntropy`, all labels ignored': () =>
      gradientOf((x) => ops.softmaxCrossEntropy(x, ints(-100)), tensor([[1, 2]])),
  },
  'Subnormal and tiny numbers': {
    '`mul(1e-38, 0.01)`': () => ops.mul(floats(1e-38), 0.01),
    '`add(1e-40, 0)`': () => ops.add(floats(1e-40), 0),
    '`greater(1e-40, 0)`': () => ops.greater(floats(1e-40), 0),
    '`sign(1e-40)`': () => ops.sign(floats(1e-40)),
    '`sqrt(1e-40)`': () => ops.sqrt(floats(1e-40)),
    '`exp(−100)`': () => ops.exp(floats(-100)),
    '`sign(1e-8)`': () => ops.sign(floats(1e-8)),
    '`sin(−1e-8)`': () => ops.sin(floats(-1e-8)),
    'gradient of `norm` of order 3 of 1e-3, 2e-3': () =>
      gradientOf((x) => ops.norm(x, { order: 3 }), floats(1e-3, 2e-3)),
    '`norm` of 3e-30, 4e-30': () => ops.norm(floats(3e-30, 4e-30)),
  },
}

const atEdge = (): Tensor => ops.concat([ops.zeros([edge + 1]), ops.ones([1]), ops.zeros([6])])

/** With four digits, so that the last bits of a machine do not show. */
const shown = (value: number): string =>
  Number.isInteger(value) ? String(value + 0) : String(Number(value.toPrecision(4))).replace('Infinity', '∞')

/** The power of ten that an error is within. */
const within = (error: number): string => (error < 1e-7 ? '< 1e-7' : `< 1e${Math.floor(Math.log10(error)) + 1}`)

async function cellOf(probe: Probe): Promise<string> {
  const y = tidy(typeof probe === 'function' ? probe : probe.run)
  const values = Array.from((await ops.toHost(y)).data, Number)
  y.dispose()
  if (typeof probe === 'function') return values.map(shown).join(', ')
  return `off by ${within(Math.abs(itemAt(values, 0) - probe.from) / Math.abs(probe.from))}`
}

const probes = Object.entries(pages).flatMap(([section, rows]) =>
  Object.entries(rows).map(([row, probe]) => ({ section, row, probe })),
)

describeBackends('docs/numbers.md tells', (backend) => {
  test.each(probes)('$row', async ({ section, row, probe }) => {
    // The page tells of what every machine has: SwiftShader, and TensorFlow on the CPU.
    const { adapterInfo } = ops.engine().backend as { adapterInfo?: { architecture: string } }
    if (backend === 'webgpu' && adapterInfo?.architecture !== 'swiftshader') return
    if (backend === 'tensorflow' && testDevice() !== 'cpu') return
    const cell = await cellOf(probe)
    const place = probes.findIndex((each) => each.row === row)
    if (keepForPage('numbers', `${place}.${backend}`, { place, section, row, backend, cell })) return
    const expected = pageRows('numbers').get(row.replaceAll('`', ''))?.[backend]
    // How TensorFlow divides a sum among threads depends on the machine: there an error may be smaller than the page says.
    const error = (text = ''): number => Number(text.replace('off by < ', ''))
    if (backend === 'tensorflow' && cell.startsWith('off by')) expect(error(cell)).toBeLessThanOrEqual(error(expected))
    else expect(cell, `${row}: pnpm numbers writes the page again`).toBe(expected)
  })
})
