import * as ops from '@ddnet/ops'
import { observeKernels } from '@ddnet/ops/kernels'
import { describeBackends, itemAt, tuple } from '@ddnet/testing'
import { expect, test } from 'vitest'
import { runOnnx } from '../../../test/onnx-runtime.ts'
import { exportOnnx } from '../index.ts'
import { converters } from './index.ts'

type Image = ops.Tensor4D
const { random } = ops
const key = random.key(7)
const noise = (shape: number[], stream: string): ops.Tensor => random.normal(key.fold(stream), shape)

/** Weights, made before the model runs, as parameters are. */
const given = () => ({
  filter: noise([3, 3, 4, 6], 'filter'),
  depthwise: noise([3, 3, 1, 4], 'depthwise'),
  grouped: noise([3, 2, 2, 6], 'grouped'),
  back: noise([3, 3, 5, 4], 'back'),
  taps: noise([3, 6, 5], 'taps'),
  vector: noise([4], 'vector'),
  bias: noise([6], 'bias'),
  five: noise([5], 'five'),
  positive: ops.exp(noise([4], 'positive')),
  weight: noise([3, 4], 'weight'),
  column: noise([6, 1, 4], 'column'),
  table: noise([9, 4], 'table'),
  token: noise([1, 1, 4], 'token'),
})
type Given = ReturnType<typeof given>
type Model = (x: Image, weights: Given) => ops.Tensor | Record<string, ops.Tensor>

/** Each on images [batch, 6, 5, 4]. */
const onImages: Record<string, Model> = {
  'conv2d with bias and ReLU': (x, { filter, bias }) => ops.conv2d(x, filter, { padding: 1, bias, activation: 'relu' }),
  'conv2d with stride and dilation': (x, { filter }) =>
    ops.conv2d(x, filter, { stride: [2, 1], padding: [2, 1], dilation: [2, 1] }),
  'conv2d in groups': (x, { grouped }) => ops.conv2d(x, grouped, { groups: 2 }),
  'conv2d, same': (x, { grouped }) => ops.conv2d(x, grouped, { groups: 2, padding: 'same' }),
  'conv2d without a bias, with ReLU': (x, { filter }) => ops.conv2d(x, filter, { activation: 'relu' }),
  depthwiseConv2d: (x, { depthwise }) => ops.depthwiseConv2d(x, ops.transpose(depthwise, [0, 1, 3, 2])),
  conv1d: (x, { taps }) => ops.conv1d(ops.reshape(ops.transpose(x, [0, 2, 3, 1]), [-1, 20, 6]), taps, { padding: 1 }),
  convTranspose2d: (x, { back, five }) =>
    ops.convTranspose2d(x, back, { stride: 2, padding: 1, outputPadding: 1, bias: five, activation: 'relu' }),
  'convTranspose2d, plain': (x, { back }) => ops.convTranspose2d(x, back, { stride: [1, 3] }),
  'convTranspose2d with output beyond': (x, { back, five }) =>
    ops.convTranspose2d(x, back, { stride: 3, outputPadding: 2, bias: five }),
  'convTranspose2d, dilated': (x, { back }) => ops.convTranspose2d(x, back, { stride: 2, dilation: 2, padding: 1 }),
  'maxPool2d in ceil mode': (x) => ops.maxPool2d(x, { kernelSize: 3, stride: 2, padding: 1, ceilMode: true }),
  'maxPool2d, dilated': (x) => ops.maxPool2d(x, { kernelSize: 2, stride: 1, dilation: 2 }),
  'maxPool2dWithIndices and maxUnpool2d': (x) => {
    const { values, indices } = ops.maxPool2dWithIndices(x, { kernelSize: 2 })
    return { values, indices, unpooled: ops.maxUnpool2d(ops.mul(values, 2), indices, { outputSize: [6, 5] }) }
  },
  avgPool2d: (x) => ops.avgPool2d(x, { kernelSize: 2 }),
  'avgPool2d with padding that counts': (x) => ops.avgPool2d(x, { kernelSize: 3, stride: 2, padding: 1 }),
  'avgPool2d with padding that does not': (x) =>
    ops.avgPool2d(x, { kernelSize: 3, stride: 2, padding: 1, countIncludePad: false }),
  'avgPool2d in ceil mode': (x) => ops.avgPool2d(x, { kernelSize: 3, stride: 2, padding: 1, ceilMode: true }),
  'avgPool2d with a divisor': (x) => ops.avgPool2d(x, { kernelSize: 2, divisorOverride: 3 }),
  'adaptiveAvgPool2d to one': (x) => ops.adaptiveAvgPool2d(x, 1),
  'adaptiveAvgPool2d, uneven': (x) => ops.adaptiveAvgPool2d(x, [4, 3]),
  'adaptiveMaxPool2d, even': (x) => ops.adaptiveMaxPool2d(x, [3, 5]),
  pixelShuffle: (x) => ops.pixelShuffle(x, 2),
  pixelUnshuffle: (x) => ops.pixelUnshuffle(ops.interpolate(x, { size: [6, 4] }), 2),
  'interpolate, nearest': (x) => ops.interpolate(x, { scaleFactor: 2 }),
  'interpolate, bilinear': (x) => ops.interpolate(x, { size: [9, 7], mode: 'bilinear' }),
  'interpolate, bicubic with aligned corners': (x) =>
    ops.interpolate(x, { scaleFactor: 1.5, mode: 'bicubic', alignCorners: true }),
  'pad by a value': (x) =>
    ops.pad(
      x,
      [
        [0, 0],
        [1, 2],
        [0, 1],
        [0, 0],
      ],
      { value: 3 },
    ),
  'pad by reflection': (x) =>
    ops.pad(
      x,
      [
        [0, 0],
        [1, 2],
        [2, 1],
        [0, 0],
      ],
      { mode: 'reflect' },
    ),
  batchNorm: (x, { vector, positive }) =>
    ops.batchNorm(x, { weight: vector, bias: positive, runningMean: vector, runningVar: positive, activation: 'relu' })
      .y,
  'batchNorm without weight and bias': (x, { vector, positive }) =>
    ops.batchNorm(x, { runningMean: vector, runningVar: positive }).y,
  groupNorm: (x, { vector, positive }) =>
    ops.groupNorm(x, { groups: 2, weight: vector, bias: positive, activation: 'relu' }),
  'groupNorm in one group': (x) => ops.groupNorm(x, { groups: 1 }),
  instanceNorm: (x, { vector, positive }) => ops.instanceNorm(x, { weight: vector, bias: positive }),
  'layerNorm of channels': (x, { vector, positive }) =>
    ops.layerNorm(x, { normalizedShape: 4, weight: vector, bias: positive }),
  'a convolution, layerNorm and a convolution': (x, { filter, grouped, bias }) =>
    ops.conv2d(
      ops.slice(
        ops.layerNorm(ops.conv2d(x, filter, { padding: 1 }), { normalizedShape: 6, weight: bias }),
        [0, 0, 0, 0],
        [-1, -1, -1, 4],
      ),
      grouped,
      { groups: 2 },
    ),
  linear: (x, { weight, vector }) => ops.linear(x, weight, ops.slice(vector, 0, 3)),
  'flatten and linear': (x, { weight }) =>
    ops.linear(ops.reshape(ops.maxPool2d(x, { kernelSize: [6, 5] }), [-1, 4]), weight),
  flatten: (x) => ops.reshape(ops.maxPool2d(x, { kernelSize: 2 }), [-1, 24]),
  'a residual block': (x, { depthwise, vector }) =>
    ops.relu(ops.add(x, ops.conv2d(x, depthwise, { groups: 4, padding: 1, bias: vector }))),
  'squeeze and excitation': (x, { weight, vector }) => {
    const squeezed = ops.linear(ops.mean(x, [1, 2]), weight)
    const gate = ops.sigmoid(ops.matMul(squeezed, weight))
    return ops.mul(ops.add(x, vector), ops.reshape(gate, [-1, 1, 1, 4]))
  },
  'a class token and attention': (x, { token }) => {
    const patches = ops.reshape(x, [-1, 30, 4])
    const batch = x.shape[0]
    const all = ops.concat([ops.broadcastTo(token, [batch, 1, 4]), patches], 1)
    const heads = ops.transpose(ops.reshape(all, [batch, 31, 2, 2]), [0, 2, 1, 3])
    const attended = ops.scaledDotProductAttention(heads, heads, heads)
    return ops.reshape(ops.transpose(attended, [0, 2, 1, 3]), [batch, 31, 4])
  },
  'causal attention': (x) => {
    const q = ops.reshape(x, [-1, 1, 30, 4])
    return ops.scaledDotProductAttention(q, q, q, { causal: true })
  },
  'concat of channels (U-Net)': (x) =>
    ops.concat([x, ops.interpolate(ops.maxPool2d(x, { kernelSize: 2 }), { size: [6, 5] })], 3),
  stack: (x) => ops.stack([ops.mean(x, [1, 2]), ops.max(x, [1, 2])], 1),
  'split and multiply': (x) => {
    const [a, b] = tuple(ops.split(x, 2, 3), 2)
    return ops.mul(a, ops.sigmoid(b))
  },
  unstack: (x) => itemAt(ops.unstack(x, 3), 2),
  'slice of rows': (x) => ops.slice(x, [0, 2, 1, 0], [-1, 3, -1, 4]),
  reverse: (x) => ops.reverse(x, [1, 3]),
  roll: (x) => ops.roll(x, [1, 2], [1, 2]),
  tile: (x) => ops.tile(x, [1, 2, 1, 3]),
  'tile of the batch': (x) => ops.tile(ops.mean(x, [1, 2]), [2, 1]),
  'pow, sqrt, rsqrt, log': (x) => {
    const y = ops.add(ops.abs(x), 0.5)
    return ops.add(ops.add(ops.pow(y, 1.5), ops.sqrt(y)), ops.sub(ops.rsqrt(y), ops.log(y)))
  },
  'exp, expm1, log1p, square, reciprocal': (x) =>
    ops.add(
      ops.add(ops.exp(x), ops.expm1(x)),
      ops.sub(ops.log1p(ops.square(x)), ops.reciprocal(ops.add(ops.square(x), 1))),
    ),
  'sin, cos, erf, tanh': (x) => ops.add(ops.add(ops.sin(x), ops.cos(x)), ops.add(ops.erf(x), ops.tanh(x))),
  'round, floor, ceil, sign, neg': (x) =>
    ops.add(ops.add(ops.round(x), ops.floor(x)), ops.sub(ops.ceil(x), ops.neg(ops.sign(x)))),
  'maximum, minimum, clamp, div': (x, { vector, positive }) =>
    ops.div(ops.maximum(ops.minimum(x, vector), ops.clamp(x, { min: -0.5 })), positive),
  squaredDifference: (x, { vector }) => ops.squaredDifference(x, vector),
  'silu, mish, gelu, softplus': (x) =>
    ops.add(ops.add(ops.silu(x), ops.mish(x)), ops.add(ops.gelu(x), ops.softplus(x))),
  'elu, celu, selu, leakyRelu, relu6': (x) =>
    ops.add(
      ops.add(ops.elu(x), ops.celu(x, { alpha: 2 })),
      ops.add(ops.selu(x), ops.add(ops.leakyRelu(x), ops.relu6(x))),
    ),
  'hardSwish, hardSigmoid, hardTanh, softsign, logSigmoid': (x) =>
    ops.add(
      ops.add(ops.hardSwish(x), ops.hardSigmoid(x)),
      ops.add(ops.hardTanh(x), ops.add(ops.softsign(x), ops.logSigmoid(x))),
    ),
  prelu: (x, { vector }) => ops.prelu(x, vector),
  softmax: (x) => ops.softmax(x),
  'softmax of rows': (x) => ops.softmax(x, 1),
  logSoftmax: (x) => ops.logSoftmax(x),
  logSumExp: (x) => ops.logSumExp(x, 3),
  'sum, keeping axes': (x) => ops.sum(x, [1, 3], true),
  'mean of channels': (x) => ops.mean(x, 3),
  'max and min of rows': (x) => ops.sub(ops.max(x, 1), ops.min(x, 1)),
  prod: (x) => ops.prod(x, 3),
  'variance and std': (x) => ops.add(ops.variance(x, [1, 2]), ops.std(x, [1, 2])),
  norm: (x) => ops.norm(x, { axis: 3 }),
  'argMax and argMin of channels': (x) => ({ largest: ops.argMax(x, 3), smallest: ops.argMin(x, 1) }),
  cumsum: (x) => ops.cumsum(x, 2, { exclusive: true }),
  'where, comparisons and logic': (x, { vector }) =>
    ops.where(
      ops.logicalOr(ops.greater(x, vector), ops.logicalNot(ops.lessEqual(x, 0))),
      x,
      ops.where(ops.equal(ops.sign(x), 1), ops.square(x), 0),
    ),
  'any and all': (x) => {
    const any = ops.cast(ops.any(ops.greater(x, 1), [1, 2]), 'float32')
    return ops.add(any, ops.sum(ops.cast(ops.all(ops.less(x, 2), 1), 'float32'), 1))
  },
  'oneHot of the largest': (x) => ops.oneHot(ops.argMax(ops.mean(x, [1, 2]), 1), 4),
  'gather of channels': (x) => ops.gather(x, ops.tensor([2, 0, 0], [3], 'int32'), 3),
  'a constant of the shape of the input': (x) => ops.mul(x, ops.add(ops.onesLike(x), ops.zerosLike(x))),
  'integers and booleans': (x) =>
    ops.pad(ops.cast(ops.cast(ops.square(ops.cast(ops.mul(x, 3), 'int32')), 'bool'), 'int32'), [
      [0, 0],
      [1, 0],
      [0, 0],
      [0, 0],
    ]),
  'isNaN and isFinite': (x) =>
    ops.add(ops.cast(ops.isNaN(ops.log(x)), 'float32'), ops.cast(ops.isFinite(ops.div(x, ops.relu(x))), 'float32')),
  'notEqual, greaterEqual, logicalAnd': (x) =>
    ops.cast(ops.logicalAnd(ops.notEqual(ops.sign(x), 0), ops.greaterEqual(x, -1)), 'float32'),
  detach: (x) => ops.mul(x, ops.detach(x)),
  'a matrix product of many': (x, { column }) => ops.matMul(x, ops.transpose(column, [0, 2, 1])),
  'a Gram matrix': (x) => {
    const rows = ops.reshape(x, [-1, 30, 4])
    return ops.matMul(rows, rows, true, false)
  },
  'dropout in inference': (x) => ops.dropout(x, { key, training: false }),
  'its own input': (x) => x,
}

/** Expected to be as close as two orders of summation in float32. */
function expectAlike(found: readonly number[], expected: readonly number[]): void {
  expect(found.length).toBe(expected.length)
  const scale = Math.max(1, ...expected.map(Math.abs))
  for (const [at, value] of found.entries()) {
    if (!(Math.abs(value - itemAt(expected, at)) <= 1e-5 * scale)) expect([at, value]).toEqual([at, expected[at]])
  }
}

describeBackends('ONNX Runtime computes the same as', () => {
  test.each(Object.entries(onImages))('%s', async (_, model) => {
    const weights = given()
    const forward = (x: ops.Tensor) => model(x as Image, weights)
    const before = ops.memory().numTensors
    const files = {
      NCHW: await exportOnnx(forward, [1, 6, 5, 4], { layout: 'NCHW' }),
      NHWC: await exportOnnx(forward, [1, 6, 5, 4], { layout: 'NHWC' }),
    }
    expect(ops.memory().numTensors).toBe(before)
    for (const batch of [1, 5]) {
      const x = noise([batch, 6, 5, 4], 'x')
      const y = forward(x)
      const outputs = 'dtype' in y ? { output: y as ops.Tensor } : y
      for (const layout of ['NCHW', 'NHWC'] as const) {
        const first = (tensor: ops.Tensor) =>
          layout === 'NCHW' && tensor.rank === 4 ? ops.transpose(tensor, [0, 3, 1, 2]) : tensor
        const found = await runOnnx(files[layout], { input: first(x) })
        for (const [name, output] of Object.entries(outputs)) {
          expect(found[name]?.shape).toEqual(first(output).shape)
          expectAlike(found[name]?.values ?? [], Array.from(await first(output).data()))
        }
      }
    }
  })

  test('every operator that has nodes of its own, among these', () => {
    const run = new Set<string>()
    const weights = given()
    const stop = observeKernels(({ kernelName }) => void run.add(kernelName))
    for (const model of Object.values(onImages)) model(noise([2, 6, 5, 4], 'x') as Image, weights)
    stop()
    expect(Object.keys(converters).filter((name) => !run.has(name))).toEqual([])
  })

  test('an embedding of integers', async () => {
    const { table } = given()
    const forward = (ids: ops.Tensor) => ops.mean(ops.embedding(ids, table), 1)
    const file = await exportOnnx(forward, ops.tensor([[1, 2, 3]], [1, 3], 'int32'))
    const ids = ops.tensor([8, 0, 1, 2, 2, 4], [2, 3], 'int32')
    const { output } = await runOnnx(file, { input: ids })
    expectAlike(output?.values ?? [], Array.from(await forward(ids).data()))
  })
})
