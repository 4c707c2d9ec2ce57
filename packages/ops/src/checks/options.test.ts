import * as ops from '@ddnet/ops'
import { useBackend } from '@ddnet/testing'
import { beforeAll, describe, expect, test } from 'vitest'

const { ones, zeros, tensor } = ops
const vector = () => ones([4])
const matrix = () => ones([4, 4])
const signal = () => ones([1, 4, 2])
const image = () => ones([1, 4, 4, 2])
const running = () => ({ runningMean: zeros([2]), runningVar: ones([2]) })
const key = ops.random.key(1)
const adam = { learningRate: 1, beta1: 0.9, beta2: 0.9, eps: 1e-8, weightDecay: 0, decoupled: true, step: 1 }
const sgd = { learningRate: 1, momentum: 0, dampening: 0, nesterov: false, weightDecay: 0, step: 1 }

/** Every operator with options: options that it takes, and a call of it with any. */
const operators: Record<string, [taken: object | (() => object), call: (options: never) => unknown]> = {
  adamUpdates: [adam, (o) => ops.adamUpdates([], o)],
  argSort: [{}, (o) => ops.argSort(vector(), o)],
  avgPool1d: [{ kernelSize: 2 }, (o) => ops.avgPool1d(signal(), o)],
  avgPool2d: [{ kernelSize: 2 }, (o) => ops.avgPool2d(image(), o)],
  batchNorm: [running, (o) => ops.batchNorm(image(), o)],
  celu: [{}, (o) => ops.celu(vector(), o)],
  clamp: [{ min: 0 }, (o) => ops.clamp(vector(), o)],
  conv1d: [{}, (o) => ops.conv1d(signal(), ones([3, 2, 1]), o)],
  conv2d: [{}, (o) => ops.conv2d(image(), ones([3, 3, 2, 1]), o)],
  convTranspose1d: [{}, (o) => ops.convTranspose1d(signal(), ones([3, 1, 2]), o)],
  convTranspose2d: [{}, (o) => ops.convTranspose2d(image(), ones([3, 3, 1, 2]), o)],
  softmaxCrossEntropy: [{}, (o) => ops.softmaxCrossEntropy(matrix(), matrix(), o)],
  cumsum: [{}, (o) => ops.cumsum(vector(), 0, o)],
  depthwiseConv2d: [{}, (o) => ops.depthwiseConv2d(image(), ones([3, 3, 2, 1]), o)],
  dropout: [{ key }, (o) => ops.dropout(vector(), o)],
  elu: [{}, (o) => ops.elu(vector(), o)],
  embedding: [{}, (o) => ops.embedding(tensor([0], [1], 'int32'), matrix(), o)],
  gelu: [{}, (o) => ops.gelu(vector(), o)],
  groupNorm: [{ groups: 1 }, (o) => ops.groupNorm(image(), o)],
  hardTanh: [{}, (o) => ops.hardTanh(vector(), o)],
  instanceNorm: [{}, (o) => ops.instanceNorm(image(), o)],
  interpolate: [{ size: 2 }, (o) => ops.interpolate(image(), o)],
  layerNorm: [{ normalizedShape: 2 }, (o) => ops.layerNorm(image(), o)],
  leakyRelu: [{}, (o) => ops.leakyRelu(vector(), o)],
  maxPool1d: [{ kernelSize: 2 }, (o) => ops.maxPool1d(signal(), o)],
  maxPool2d: [{ kernelSize: 2 }, (o) => ops.maxPool2d(image(), o)],
  maxPool2dWithIndices: [{ kernelSize: 2 }, (o) => ops.maxPool2dWithIndices(image(), o)],
  maxUnpool2d: [{ outputSize: 4 }, (o) => ops.maxUnpool2d(ones([1, 1, 1, 1]), zeros([1, 1, 1, 1], 'int32'), o)],
  norm: [{}, (o) => ops.norm(vector(), o)],
  pad: [{}, (o) => ops.pad(vector(), [[1, 1]], o)],
  scaledDotProductAttention: [{}, (o) => ops.scaledDotProductAttention(matrix(), matrix(), matrix(), o)],
  separableConv2d: [{}, (o) => ops.separableConv2d(image(), ones([3, 3, 2, 1]), ones([1, 1, 2, 1]), o)],
  sgdUpdates: [sgd, (o) => ops.sgdUpdates([], o)],
  softplus: [{}, (o) => ops.softplus(vector(), o)],
  sort: [{}, (o) => ops.sort(vector(), o)],
  std: [{}, (o) => ops.std(vector(), null, o)],
  topK: [{}, (o) => ops.topK(vector(), 1, o)],
  variance: [{}, (o) => ops.variance(vector(), null, o)],
}

/** What calls in JavaScript bring, past the types. */
const run = (name: string, options: unknown) => () => ops.tidy(() => void operators[name]?.[1](options as never))
const given = (taken: object | (() => object)): object => (typeof taken === 'function' ? taken() : taken)

describe('options', () => {
  beforeAll(() => useBackend('wasm'))

  describe.each(Object.entries(operators))('of %s', (name, [taken]) => {
    test('are taken', () => {
      expect(run(name, given(taken))).not.toThrow()
    })

    test('have known names', () => {
      const { ShapeError } = ops
      expect(run(name, { ...given(taken), nonsense: undefined })).toThrow(ShapeError)
      expect(run(name, { ...given(taken), nonsense: undefined })).toThrow(
        `${name}: there is no option 'nonsense'. The options are `,
      )
    })

    test.each([null, 3, 'x', [1]])('are no %s', (options) => {
      expect(run(name, options)).toThrow(ops.ShapeError)
      expect(run(name, options)).toThrow(`${name}: expected options`)
    })
  })

  test.each([
    [
      'conv2d',
      { strides: 2 },
      'Did you mean stride? The options are stride, padding, dilation, groups, bias, activation.',
    ],
    ['conv2d', { pad: 1 }, 'Did you mean padding?'],
    ['conv2d', { dilations: 2 }, 'Did you mean dilation?'],
    ['convTranspose2d', { output_padding: 1 }, 'Did you mean outputPadding?'],
    ['maxPool2d', { kernel_size: 2 }, 'Did you mean kernelSize?'],
    ['maxPool2d', { kernelsize: 2 }, 'Did you mean kernelSize?'],
    ['softmaxCrossEntropy', { labelSmoohting: 2 }, 'Did you mean labelSmoothing?'],
  ])('%s with %j says what was meant', (name, options, message) => {
    expect(run(name, options)).toThrow(`${name}: there is no option '${Object.keys(options)}'. ${message}`)
  })

  test('are no tensor', () => {
    expect(run('conv2d', vector())).toThrow('conv2d: expected options as an object, got a tensor of shape [4].')
  })

  test('that may be left out say what there are', () => {
    expect(run('pad', null)).toThrow(
      'pad: expected options as an object, got null. Leave them out, or give some of mode, value.',
    )
  })
})
