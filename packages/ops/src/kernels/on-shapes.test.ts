import * as ops from '@ddnet/ops'
import { memory, random, type Tensor, type Tensor4D, tensor } from '@ddnet/ops'
import { defined, useBackend } from '@ddnet/testing'
import { describe, expect, test } from 'vitest'
import { onShapes, placeholder } from './on-shapes.ts'

describe('onShapes', () => {
  test('gives what run returns', () => {
    expect(onShapes(() => ops.conv2d(ops.zeros([2, 9, 7, 3]), ops.zeros([3, 3, 3, 5]), { stride: 2 }).shape)).toEqual([
      2, 4, 3, 5,
    ])
  })

  test('puts the backend of before back, also after an error, and inside of one another', async () => {
    await useBackend('cpu')
    const before = memory().numTensors
    expect(() =>
      onShapes(() => {
        onShapes(() => ops.zeros([3]))
        ops.ones([4])
        throw new Error('no')
      }),
    ).toThrow('no')
    expect(ops.getBackend()).toBe('cpu')
    expect(memory().numTensors).toBe(before)
    expect([...(await ops.add(tensor([1]), 2).data())]).toEqual([3])
  })

  test('takes tensors of another backend, and leaves them alone', async () => {
    await useBackend('cpu')
    const x = tensor([1, 2, 3, 4], [2, 2])
    const before = memory().numTensors
    expect(
      onShapes(() => ops.matMul(ops.reshape(ops.clone(x), [4, 1]), ops.transpose(ops.reshape(x, [4, 1]))).shape),
    ).toEqual([4, 4])
    expect(memory().numTensors).toBe(before)
    expect([...(await x.data())]).toEqual([1, 2, 3, 4])
  })

  test('has no values, and takes nothing that is async', () => {
    expect(() => onShapes(() => ops.zeros([2]).dataSync())).toThrow('there are shapes here and no values to read')
    expect(() => onShapes(async () => {})).toThrow('not to be async')
  })

  test('gives one owner one placeholder, which is gone afterwards', async () => {
    await useBackend('cpu')
    const before = memory().numTensors
    const owner = {}
    expect(placeholder([2], { owner })).toBeUndefined()
    onShapes(() => {
      const first = ops.tidy(() => placeholder([2, 3], { owner }))
      expect(placeholder([2, 3], { owner })).toBe(first)
      expect(placeholder([1], { dtype: 'int32' })?.dtype).toBe('int32')
      expect(ops.square(defined(first)).shape).toEqual([2, 3])
    })
    expect(memory().numTensors).toBe(before)
  })
})

describe('shapes without values are those of a backend, of results and of gradients:', () => {
  const draw = (shape: number[]) => random.normal(random.key(1), shape)
  const ints = (shape: number[], limit: number) =>
    tensor(
      Int32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, at) => at % limit),
      shape,
      'int32',
    )
  const vector = (size: number) => draw([size])
  const cases: Record<string, (x: Tensor4D) => Tensor> = {
    'conv2d with groups, dilation and bias': (x) =>
      ops.conv2d(x, draw([3, 2, 2, 6]), { groups: 2, dilation: [1, 2], padding: 2, bias: vector(6) }),
    'depthwise conv2d': (x) => ops.conv2d(x, draw([3, 3, 1, 4]), { groups: 4, stride: 2, padding: 1 }),
    convTranspose2d: (x) =>
      ops.convTranspose2d(x, draw([3, 3, 5, 4]), {
        stride: 2,
        padding: 1,
        outputPadding: 1,
        activation: 'relu',
      }),
    'max pooling': (x) => ops.maxPool2d(x, { kernelSize: 3, stride: 2, padding: 1 }),
    'average pooling': (x) => ops.avgPool2d(x, { kernelSize: [2, 3] }),
    'adaptive pooling': (x) => ops.adaptiveAvgPool2d(x, [3, 2]),
    'batch norm': (x) =>
      ops.batchNorm(x, {
        runningMean: vector(4),
        runningVar: vector(4),
        weight: vector(4),
        bias: vector(4),
        training: true,
        activation: 'relu',
      }).y,
    'batch norm in inference': (x) => ops.batchNorm(x, { runningMean: vector(4), runningVar: vector(4) }).y,
    'group norm': (x) => ops.groupNorm(x, { groups: 2 }),
    'layer norm': (x) => ops.layerNorm(x, { normalizedShape: 4, weight: vector(4) }),
    interpolate: (x) => ops.interpolate(x, { scaleFactor: 2, mode: 'bilinear' }),
    'linear and softmax': (x) => ops.softmax(ops.linear(x, draw([7, 4]), vector(7))),
    attention: (x) => ops.scaledDotProductAttention(x, x, x, { causal: true }),
    'cross-entropy': (x) => ops.softmaxCrossEntropy(ops.reshape(x, [-1, 4]), ints([2 * 8 * 6], 4)),
    embedding: (x) => ops.mul(ops.embedding(ints([3, 5], 4), draw([4, 6])), ops.mean(x)),
    dropout: (x) => ops.dropout(x, { rate: 0.5, key: random.key(1) }),
    activations: (x) => ops.gelu(ops.silu(ops.leakyRelu(ops.softplus(ops.elu(x))))),
    'slices, parts and joins': (x) =>
      ops.concat(
        [
          ...ops.split(x, 2, 3),
          ops.pad(x, [
            [0, 0],
            [0, 0],
            [0, 0],
            [1, 2],
          ]),
          ops.slice(x, 0, [2, 8, 6, 1]),
        ],
        -1,
      ),
    'sums, means and extremes': (x) =>
      ops.add(ops.sum(x, [1, 2], true), ops.max(ops.variance(x, 3, { keepDims: true }), [1, 2], true)),
    'stacks and norms': (x) => ops.norm(ops.stack([x, ops.reverse(x, 1), ops.roll(x, 1, 2)], 1), { axis: 2 }),
    pixelShuffle: (x) => ops.pixelShuffle(x, 2),
    cumsum: (x) => ops.cumsum(x, 1),
  }

  test.each(Object.entries(cases))('%s', async (_, run) => {
    await useBackend('cpu')
    const shapes = () => {
      const x = draw([2, 8, 6, 4]) as Tensor4D
      const { value, grads } = ops.valueAndGrads(() => ops.sum(run(x)), [x])
      return { result: run(x).shape, dtype: run(x).dtype, value: value.shape, grad: grads[0]?.shape }
    }
    const before = memory().numTensors
    const expected = ops.tidy(() => {
      const found = shapes()
      return [found]
    }) as unknown as [ReturnType<typeof shapes>]
    expect(onShapes(shapes)).toEqual(expected[0])
    expect(memory().numTensors).toBe(before)
  })
})
