import * as ops from '@ddnet/ops'
import { describeBackends, itemAt } from '@ddnet/testing'
import { type Tensor, tensor, tidy } from '@tensorflow/tfjs-core'
import { expect, test } from 'vitest'

// A million values around 100: what is summed up one by one in float32 loses some 1e-3 of them.
// PyTorch's float32 is off by 4e-6 at most in these sums; here the bound is 1e-5 of the result.

const count = 2 ** 20
const values = (seed: number, size = count): Float32Array =>
  Float32Array.from({ length: size }, (_, index) => 100 + Math.sin(index * 0.37 + seed))

const total = (size: number, at: (index: number) => number): number => {
  let sum = 0
  for (let index = 0; index < size; index++) sum += at(index)
  return sum
}

async function expectNear(y: Tensor, expected: readonly number[], bound = 1e-5): Promise<void> {
  const data = await y.data()
  expect(data.length).toBe(expected.length)
  for (const [index, value] of expected.entries()) {
    expect(
      Math.abs(itemAt(data, index) - value) / Math.abs(value),
      `[${index}]: ${data[index]}, not ${value}`,
    ).toBeLessThan(bound)
  }
}

const [xs, ys, values2] = [values(0), values(1), values(0, 2 * count)]
const square = (x: number): number => x * x
const mean = total(count, (index) => itemAt(xs, index)) / count
const product = total(count, (index) => itemAt(xs, index) * itemAt(ys, index))
const of = (data: Float32Array, ...shape: number[]): Tensor => tensor(data, shape)
const gradientOf = (run: (x: Tensor) => Tensor, at: Tensor, dy: Tensor): Tensor =>
  ops.valueAndGrads(() => run(at), [at], dy).grads[0]

const sums: Record<string, [() => Tensor, number[], number?]> = {
  sum: [() => ops.sum(of(xs, count)), [mean * count]],
  'sum of rows of an image': [() => ops.sum(of(xs, 1, 1024, 1024, 1), [1, 2]), [mean * count]],
  'sum of columns': [
    () => ops.sum(of(values(0, 2 * count), count, 2), 0),
    [0, 1].map((c) => total(count, (i) => itemAt(values2, 2 * i + c))),
  ],
  mean: [() => ops.mean(of(xs, count)), [mean]],
  variance: [() => ops.variance(of(xs, count)), [total(count, (i) => square(itemAt(xs, i) - mean)) / (count - 1)]],
  norm: [() => ops.norm(of(xs, count)), [Math.sqrt(total(count, (i) => square(itemAt(xs, i))))]],
  'norm of order 3': [
    () => ops.norm(of(xs, count), { order: 3 }),
    [Math.cbrt(total(count, (i) => itemAt(xs, i) ** 3))],
  ],
  'last of cumsum': [() => ops.slice(ops.cumsum(of(xs, count), 0), count - 1, 1), [mean * count]],
  'last of cumsum over the first axis': [
    () => ops.slice(ops.cumsum(of(values2, count, 2), 0), [count - 1, 0], [1, 2]),
    [0, 1].map((c) => total(count, (i) => itemAt(values2, 2 * i + c))),
  ],
  // Rounded in the same direction for long stretches.
  'last of cumsum of 4 million times 0.1': [
    () => ops.slice(ops.cumsum(ops.mul(ops.ones([4 * count]), 0.1), 0), 4 * count - 1, 1),
    [4 * count * Math.fround(0.1)],
  ],
  'first of cumsum from the end': [
    () => ops.slice(ops.cumsum(of(xs, count), 0, { reverse: true }), 0, 1),
    [mean * count],
  ],
  matMul: [() => ops.matMul(of(xs, 1, count), of(ys, count, 1)), [product]],
  'matMul of transposed sides': [() => ops.matMul(of(xs, count, 1), of(ys, 1, count), true, true), [product]],
  'matMul of vectors': [() => ops.matMul(of(xs, count), of(ys, count)), [product]],
  'gradient of the weight of linear': [
    () => gradientOf((weight) => ops.linear(of(xs, count, 1), weight), of(Float32Array.of(1), 1, 1), of(ys, count, 1)),
    [product],
  ],
  'gradient of a bias': [
    () => gradientOf((bias) => ops.add(of(ys, count, 1), bias), of(Float32Array.of(1), 1), of(xs, count, 1)),
    [mean * count],
  ],
  'filter gradient of one large image': [
    () =>
      gradientOf(
        (filter) => ops.conv2d(of(xs, 1, 1024, 1024, 1), filter),
        of(Float32Array.of(1), 1, 1, 1, 1),
        of(ys, 1, 1024, 1024, 1),
      ),
    [product],
  ],
  'filter gradient of many small images': [
    () =>
      gradientOf(
        (filter) => ops.conv2d(of(xs, 4096, 16, 16, 1), filter),
        of(Float32Array.of(1), 1, 1, 1, 1),
        of(ys, 4096, 16, 16, 1),
      ),
    [product],
  ],
  'filter gradient of a depthwise convolution': [
    () =>
      gradientOf(
        (filter) => ops.depthwiseConv2d(of(xs, 1, 512, 512, 4), filter),
        of(Float32Array.of(1, 1, 1, 1), 1, 1, 4, 1),
        of(ys, 1, 512, 512, 4),
      ),
    [0, 1, 2, 3].map((c) => total(count / 4, (i) => itemAt(xs, 4 * i + c) * itemAt(ys, 4 * i + c))),
  ],
  'adaptiveAvgPool2d to 1': [() => ops.adaptiveAvgPool2d(of(xs, 1, 1024, 1024, 1), 1), [mean]],
  'avgPool2d of all': [() => ops.avgPool2d(of(xs, 1, 1024, 1024, 1), { kernelSize: 1024 }), [mean]],
  'variance of a batch norm': [
    () =>
      ops.batchNorm(of(xs, count, 1), {
        runningMean: ops.zeros([1]),
        runningVar: ops.zeros([1]),
        training: true,
        momentum: 1,
      }).runningVar,
    [total(count, (i) => square(itemAt(xs, i) - mean)) / (count - 1)],
  ],
  'gradient of the bias of a batch norm': [
    () => {
      const running = { runningMean: ops.zeros([1]), runningVar: ops.ones([1]), training: true }
      return gradientOf(
        (bias) => ops.batchNorm(of(ys, count, 1), { ...running, bias: bias }).y,
        ops.zeros([1]),
        of(xs, count, 1),
      )
    },
    [mean * count],
  ],
  'gradient of the bias of a layer norm': [
    () =>
      gradientOf(
        (bias) => ops.layerNorm(of(ys, count / 4, 4), { normalizedShape: 4, bias }),
        ops.zeros([4]),
        of(xs, count / 4, 4),
      ),
    [0, 1, 2, 3].map((c) => total(count / 4, (i) => itemAt(xs, 4 * i + c))),
  ],
  'gradient of the bias of a group norm': [
    () =>
      gradientOf(
        (bias) => ops.groupNorm(of(ys, 1, count / 4, 4), { groups: 2, bias: bias }),
        ops.zeros([4]),
        of(xs, 1, count / 4, 4),
      ),
    [0, 1, 2, 3].map((c) => total(count / 4, (i) => itemAt(xs, 4 * i + c))),
  ],
  'cross-entropy': [
    () =>
      ops.softmaxCrossEntropy(of(xs, count / 4, 4), tensor(new Int32Array(count / 4), [count / 4], 'int32'), {
        reduction: 'sum',
      }),
    [
      total(count / 4, (row) => {
        const logits = [...xs.subarray(4 * row, 4 * row + 4)]
        return Math.log(logits.reduce((sum, each) => sum + Math.exp(each - itemAt(logits, 0)), 0))
      }),
    ],
  ],
}
describeBackends('a million values near 100 add up to', (backend) => {
  test.each(Object.entries(sums))('%s', async (name, [run, expected, bound]) => {
    // TensorFlow's own op for it adds up in float32: 2e-5 here, as docs/numbers.md tells.
    const loose = backend === 'tensorflow' && name === 'filter gradient of a depthwise convolution'
    const y = tidy(run)
    await expectNear(y, expected, loose ? 1e-4 : bound)
    y.dispose()
  })
})
