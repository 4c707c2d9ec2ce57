import { describeBackends, itemAt } from '@ddnet/testing'
import * as tf from '@tensorflow/tfjs-core'
import { engine, type Tensor, tensor } from '@tensorflow/tfjs-core'
import { describe, expect, test } from 'vitest'
import * as ops from '../index.ts'

/** Whole numbers that float32 has not, and the ends of their range. */
const left = [16777217, -16777217, 2147483647, -2147483648, 33554435, 1073741825, 0, 7, -7, 16777216, 2147483646, 5]
const right = [16777216, 16777217, 2147483646, 2147483647, 33554434, 3, -1, 2, 2, 16777217, 2147483647, 5]
const ints = (values: readonly number[], shape: number[] = [values.length]): Tensor =>
  tensor([...values], shape, 'int32')
const wrapped = (value: bigint): number => Number(BigInt.asIntN(32, value))
const big = (a: number, b: number, f: (a: bigint, b: bigint) => bigint): number => wrapped(f(BigInt(a), BigInt(b)))
const pairs = (f: (a: number, b: number) => number): number[] => left.map((a, i) => f(a, itemAt(right, i)))
const each = (f: (a: number) => number): number[] => left.map(f)
const rounded = (values: readonly number[]): number[] => [...Float32Array.from(values)]

type Fact = [run: () => Tensor, values: readonly number[], dtype?: string]
const a = (): Tensor => ints(left)
const b = (): Tensor => ints(right)
/** The same as rows of four. */
const rows = (): Tensor => ints(left, [3, 4])
const isLeft = left.map((_, i) => i % 3 === 0)
const ascending = [...left.keys()].sort((i, j) => itemAt(left, i) - itemAt(left, j) || i - j)
const descending = [...left.keys()].sort((i, j) => itemAt(left, j) - itemAt(left, i) || i - j)
const at = (order: readonly number[]): number[] => order.map((i) => itemAt(left, i))
const columns = (f: (column: number[]) => number): number[] =>
  [0, 1, 2, 3].map((c) => f([left[c], left[c + 4], left[c + 8]] as number[]))
const sumOf = (values: readonly number[]): number => wrapped(values.reduce((sum, x) => sum + BigInt(x), 0n))
const productOf = (values: readonly number[]): number => wrapped(values.reduce((product, x) => product * BigInt(x), 1n))
const running = (values: readonly number[]): number[] => values.map((_, i) => sumOf(values.slice(0, i + 1)))
const turned = [0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11].map((i) => itemAt(left, i))

/** What each operator makes of whole numbers, by the arithmetic of whole numbers that wrap around at 2³¹. */
const facts: Record<string, readonly Fact[]> = {
  add: [[() => ops.add(a(), b()), pairs((x, y) => big(x, y, (p, q) => p + q))]],
  sub: [
    [() => ops.sub(a(), b()), pairs((x, y) => big(x, y, (p, q) => p - q))],
    [() => ops.sub(rows(), ints([1, 2, 3, 4])), left.map((x, i) => big(x, (i % 4) + 1, (p, q) => p - q))],
    [
      () => ops.sub(ints([1, 2, 3], [3, 1]), rows()),
      left.map((x, i) => big(x, Math.floor(i / 4) + 1, (p, q) => q - p)),
    ],
    [() => ops.sub(a(), ints([1], [])), each((x) => big(x, 1, (p, q) => p - q))],
  ],
  mul: [[() => ops.mul(a(), b()), pairs(Math.imul)]],
  neg: [[() => ops.neg(a()), each((x) => wrapped(-BigInt(x)))]],
  abs: [[() => ops.abs(a()), each((x) => wrapped(x < 0 ? -BigInt(x) : BigInt(x)))]],
  square: [[() => ops.square(a()), each((x) => Math.imul(x, x))]],
  squaredDifference: [
    [() => ops.squaredDifference(a(), b()), pairs((x, y) => big(x, y, (p, q) => wrapped64((p - q) * (p - q))))],
  ],
  sign: [[() => ops.sign(a()), each(Math.sign)]],
  relu: [[() => ops.relu(a()), each((x) => Math.max(x, 0))]],
  floor: [[() => ops.floor(a()), left]],
  ceil: [[() => ops.ceil(a()), left]],
  round: [[() => ops.round(a()), left]],
  maximum: [[() => ops.maximum(a(), b()), pairs(Math.max)]],
  minimum: [[() => ops.minimum(a(), b()), pairs(Math.min)]],
  equal: [[() => ops.equal(a(), b()), pairs((x, y) => Number(x === y)), 'bool']],
  notEqual: [[() => ops.notEqual(a(), b()), pairs((x, y) => Number(x !== y)), 'bool']],
  greater: [
    [() => ops.greater(a(), b()), pairs((x, y) => Number(x > y)), 'bool'],
    [() => ops.greater(rows(), ints([16777216], [1, 1])), each((x) => Number(x > 16777216)), 'bool'],
  ],
  greaterEqual: [[() => ops.greaterEqual(a(), b()), pairs((x, y) => Number(x >= y)), 'bool']],
  less: [[() => ops.less(a(), b()), pairs((x, y) => Number(x < y)), 'bool']],
  lessEqual: [[() => ops.lessEqual(a(), b()), pairs((x, y) => Number(x <= y)), 'bool']],
  where: [
    [() => ops.where(tensor(isLeft, [12], 'bool'), a(), b()), pairs((x, y) => (isLeft[left.indexOf(x)] ? x : y))],
    [() => ops.where(tensor(isLeft, [12], 'bool'), a(), 16777219), left.map((x, i) => (isLeft[i] ? x : 16777219))],
  ],
  sum: [
    [() => ops.sum(a()), [sumOf(left)]],
    [() => ops.sum(rows(), 0), columns(sumOf)],
    [() => ops.sum(rows(), 1), [0, 4, 8].map((from) => sumOf(left.slice(from, from + 4)))],
  ],
  prod: [
    [() => ops.prod(ints([16777217, 3, -5])), [productOf([16777217, 3, -5])]],
    [() => ops.prod(rows(), 0), columns(productOf)],
  ],
  max: [
    [() => ops.max(a()), [2147483647]],
    [() => ops.max(rows(), 0), columns((column) => Math.max(...column))],
    [() => ops.max(ints([16777216, 16777217, 16777216])), [16777217]],
  ],
  min: [
    [() => ops.min(a()), [-2147483648]],
    [() => ops.min(rows(), 0), columns((column) => Math.min(...column))],
    [() => ops.min(ints([16777218, 16777217, 16777218])), [16777217]],
  ],
  argMax: [
    [() => ops.argMax(ints([16777216, 16777217, 16777217])), [1]],
    [() => ops.argMax(rows(), 0), columns((column) => column.indexOf(Math.max(...column)))],
    [() => ops.argMax(ints([-2147483648, -2147483648])), [0]],
  ],
  argMin: [
    [() => ops.argMin(ints([16777218, 16777217, 16777217])), [1]],
    [() => ops.argMin(rows(), 0), columns((column) => column.indexOf(Math.min(...column)))],
    [() => ops.argMin(ints([2147483647, 2147483647])), [0]],
  ],
  any: [[() => ops.any(ints([0, 0, -2147483648, 0, 0, 0], [2, 3]), 1), [1, 0], 'bool']],
  all: [[() => ops.all(ints([1, -5, 16777217, 0, 1, 1], [2, 3]), 1), [1, 0], 'bool']],
  cumsum: [
    [() => ops.cumsum(a(), 0), running(left)],
    [() => ops.cumsum(a(), 0, { exclusive: true }), left.map((_, i) => sumOf(left.slice(0, i)))],
    [() => ops.cumsum(a(), 0, { reverse: true }), left.map((_, i) => sumOf(left.slice(i)))],
    [() => ops.cumsum(rows(), 0), left.map((_, i) => sumOf(left.filter((__, j) => j <= i && j % 4 === i % 4)))],
  ],
  sort: [
    [() => ops.sort(a()).values, at(ascending)],
    [() => ops.sort(a(), { descending: true }).values, at(descending)],
    [() => ops.sort(ints([5, -2147483648, 2147483647, -2147483647])).values, [-2147483648, -2147483647, 5, 2147483647]],
    [() => ops.sort(ints([16777217, 16777216, 16777218, 16777216])).indices, [1, 3, 0, 2]],
  ],
  argSort: [
    [() => ops.argSort(a()), ascending],
    [() => ops.argSort(a(), { descending: true }), descending],
  ],
  topK: [
    [() => ops.topK(a(), 3).values, at(descending).slice(0, 3)],
    [() => ops.topK(a(), 5, { largest: false }).values, at(ascending).slice(0, 5)],
    [() => ops.topK(rows(), 2, { axis: 0 }).indices, topRows()],
  ],
  gather: [[() => ops.gather(a(), ints([3, 0, 11])), [left[3], left[0], left[11]] as number[]]],
  takeAlongAxis: [
    [() => ops.takeAlongAxis(rows(), ints([2, 0, 1], [3, 1]), 1), [left[2], left[4], left[9]] as number[]],
  ],
  cast: [
    [() => ops.cast(a(), 'float32'), rounded(left), 'float32'],
    [() => ops.cast(ops.cast(a(), 'float32'), 'int32'), rounded(left).map((x) => Math.min(x, 2147483647))],
    [() => ops.cast(ints([0, 16777217, -1]), 'bool'), [0, 1, 1], 'bool'],
    [() => ops.cast(tensor([true, false], [2], 'bool'), 'int32'), [1, 0]],
    [() => ops.cast(tensor([1.9, -1.9, 3e9, -3e9, 16777215]), 'int32'), [1, -1, 2147483647, -2147483648, 16777215]],
  ],
  clone: [[() => ops.clone(a()), left]],
  concat: [
    [() => ops.concat([a(), b(), a()]), [...left, ...right, ...left]],
    [
      () => ops.concat([rows(), ints([16777217, 1, 2], [3, 1])], 1),
      [0, 1, 2].flatMap((r) => [...left.slice(4 * r, 4 * r + 4), itemAt([16777217, 1, 2], r)]),
    ],
  ],
  stack: [[() => ops.stack([a(), b()], 1), left.flatMap((x, i) => [x, itemAt(right, i)])]],
  slice: [
    [() => ops.slice(a(), 2, 3), left.slice(2, 5)],
    [() => ops.slice(rows(), [1, 1], [2, 2]), [left[5], left[6], left[9], left[10]] as number[]],
  ],
  split: [[() => itemAt(ops.split(a(), [5, 7]), 1), left.slice(5)]],
  chunk: [[() => itemAt(ops.chunk(a(), 2), 1), left.slice(6)]],
  unstack: [[() => itemAt(ops.unstack(rows()), 1), left.slice(4, 8)]],
  padConstant: [[() => ops.padConstant(a(), [[1, 2]], 16777217), [16777217, ...left, 16777217, 16777217]]],
  reshape: [[() => ops.reshape(a(), [4, 3]), left]],
  expandDims: [[() => ops.expandDims(a(), 0), left]],
  squeeze: [[() => ops.squeeze(ints(left, [1, 12])), left]],
  broadcastTo: [[() => ops.broadcastTo(a(), [2, 12]), [...left, ...left]]],
  tile: [[() => ops.tile(a(), [2]), [...left, ...left]]],
  transpose: [
    [() => ops.transpose(rows()), turned],
    [
      () => ops.transpose(ints(left, [3, 2, 2]), [2, 0, 1]),
      [0, 2, 4, 6, 8, 10, 1, 3, 5, 7, 9, 11].map((i) => itemAt(left, i)),
    ],
  ],
  reverse: [
    [() => ops.reverse(a()), left.toReversed()],
    [() => ops.reverse(rows(), 0), [...left.slice(8), ...left.slice(4, 8), ...left.slice(0, 4)]],
  ],
  roll: [[() => ops.roll(a(), 2), [...left.slice(10), ...left.slice(0, 10)]]],
  detach: [[() => ops.detach(a()), left]],
  ones: [[() => ops.ones([3], 'int32'), [1, 1, 1]]],
  zeros: [[() => ops.zeros([3], 'int32'), [0, 0, 0]]],
  scalar: [[() => ops.scalar(16777217, 'int32'), [16777217]]],
  tensor: [[a, left]],
  oneHot: [[() => ops.oneHot(ints([16777217, 1, -1]), 3), [0, 0, 0, 0, 1, 0, 0, 0, 0], 'float32']],
  mean: [[() => ops.mean(ints([2147483647, 2147483646])), [2147483648], 'float32']],
  isNaN: [[() => ops.isNaN(a()), left.map(() => 0), 'bool']],
  isFinite: [[() => ops.isFinite(a()), left.map(() => 1), 'bool']],
}

function wrapped64(value: bigint): bigint {
  return BigInt.asIntN(32, value)
}

/** The two rows with the largest values of each column. */
function topRows(): number[] {
  const best = [0, 1, 2, 3].map((c) =>
    [0, 1, 2].sort((i, j) => itemAt(left, 4 * j + c) - itemAt(left, 4 * i + c) || i - j),
  )
  return [0, 1].flatMap((place) => best.map((order) => itemAt(order, place)))
}

/** Operators that compute with real numbers or not with tensors: they refuse int32, promote it, or know no dtype. */
const others = new Set(
  (
    'div exp log sqrt rsqrt pow reciprocal expm1 log1p sin cos erf sigmoid tanh activate celu elu selu hardSigmoid ' +
    'hardSwish hardTanh leakyRelu prelu relu6 gelu logSigmoid mish silu softsign logSoftmax softmax softplus clamp ' +
    'onesLike zerosLike logicalAnd logicalNot logicalOr linear logSumExp matMul norm std variance diag eye trace ' +
    'scaledDotProductAttention convTranspose1d convTranspose2d conv1d conv2d depthwiseConv2d separableConv2d dropout ' +
    'embedding softmaxCrossEntropy batchNorm groupNorm instanceNorm layerNorm pad adaptiveAvgPool2d adaptiveMaxPool2d avgPool2d ' +
    'maxPool2d maxPool2dWithIndices maxUnpool2d avgPool1d maxPool1d interpolate pixelShuffle pixelUnshuffle adamUpdate ' +
    'adamUpdates sgdUpdates scatter scatterAdd ' + // float32 alone
    'dispose engine getBackend keep memory ready tidy Tensor BackendUnavailable ShapeError defineOp grad grads keepAll ' +
    'valueAndGrads valueAndSomeGrads NoPathError softmaxCrossEntropyMean fromHost permuteHost toHost random onShapes placeholder'
  ).split(' '),
)

describeBackends('int32 is exact', () => {
  const cases = Object.entries(facts).flatMap(([name, list]) => list.map((fact, i) => [name, i, fact] as const))
  test.each(cases)('%s %i', async (_, __, [run, expected, dtype = 'int32']) => {
    const y = tf.tidy(run)
    expect(y.dtype).toBe(dtype)
    const values = await y.data()
    expect(values).toBeInstanceOf(dtype === 'float32' ? Float32Array : dtype === 'int32' ? Int32Array : Uint8Array)
    expect([...values]).toEqual([...expected])
    y.dispose()
  })

  test('in every operator that takes it', () => {
    const known = (name: string): boolean => name in facts || others.has(name)
    expect(Object.keys(ops).filter((name) => !known(name))).toEqual([])
  })

  // Kernels that tfjs's functions reach, and no operator of ours.
  describe('of tfjs', () => {
    const kernel = (name: string): Tensor => engine().runKernel(name, { a: a(), b: b() })
    const floorDiv = (x: number, y: number): number =>
      big(x, y, (p, q) => p / q - (p % q !== 0n && p < 0n !== q < 0n ? 1n : 0n))
    test('FloorDiv rounds down', async () => {
      expect([...(await kernel('FloorDiv').data())]).toEqual(pairs(floorDiv))
    })
    test('Mod has the sign of the divisor', async () => {
      expect([...(await kernel('Mod').data())]).toEqual(pairs((x, y) => x - floorDiv(x, y) * y + 0))
    })
    test('full, range and sums of segments', async () => {
      expect([...(await tf.fill([2], 16777217, 'int32').data())]).toEqual([16777217, 16777217])
      expect([...(await tf.range(16777216, 16777219, 1, 'int32').data())]).toEqual([16777216, 16777217, 16777218])
      const sums = tf.scatterND(ints([1, 1, 0], [3, 1]), ints([16777217, 16777216, -16777217]), [2])
      expect([...(await sums.data())]).toEqual([-16777217, 33554433])
      const part = tf.stridedSlice(a(), [1], [9], [3])
      expect([...(await part.data())]).toEqual([left[1], left[4], left[7]])
    })
  })
}, ['webgpu'])
