import { argMax, ones, type Tensor, type Tensor1D, tensor, valueAndGrads, zeros } from '@ddnet/ops'
import { defined, describeBackends, describeOp, expectClose, expectShapeError, expectTensorClose } from '@ddnet/testing'
import { describe, expect, test } from 'vitest'
import { type SoftmaxCrossEntropyOptions, softmaxCrossEntropy } from './cross-entropy.ts'

describeOp('softmaxCrossEntropy', {
  inputs: ['logits', 'probabilities?'],
  constants: ['labels?', 'classWeights?'],
  run: ({ logits, labels, probabilities, classWeights }, options) =>
    softmaxCrossEntropy(logits, defined(labels ?? probabilities), {
      ...options,
      ...(classWeights && { classWeights: classWeights }),
    }),
})

const labels = (...values: number[]): Tensor1D => tensor(values, [values.length], 'int32')

describeBackends('softmaxCrossEntropy', (backend) => {
  test('an impossible class costs nothing while it is no label', async () => {
    const logits = tensor([[0, 0, Number.NEGATIVE_INFINITY]])
    const { value, grads } = valueAndGrads(() => softmaxCrossEntropy(logits, labels(0)), [logits])
    expectClose(await value.data(), [Math.LN2], 1e-6)
    expectClose(await grads[0].data(), [-0.5, 0.5, 0], 1e-6)
  })

  test('class 0 can be ignored', async () => {
    const logits = tensor([
      [1, 2],
      [3, 5],
    ])
    const expected = Math.log1p(Math.exp(-2))
    expectClose(await softmaxCrossEntropy(logits, labels(0, 1), { ignoreIndex: 0 }).data(), [expected], 1e-6)
  })

  test('one class is certain', async () => {
    const losses = softmaxCrossEntropy(tensor([[3], [-2]]), labels(0, 0), { reduction: 'none', labelSmoothing: 0.1 })
    await expectTensorClose(losses, { shape: [2], data: [0, 0] })
  })

  // PyTorch 2.13: F.cross_entropy(logits, torch.tensor([-100, -100])) is NaN, and its backward pass leaves zeros.
  test.each([{}, { labelSmoothing: 0.1 }, { weighted: true }, { reduction: 'sum' as const }])(
    'where all labels are ignored the gradient is 0: %j',
    async ({ weighted = false, ...options }) => {
      const logits = tensor([1, 2, 3, -1, 0, 5], [2, 3])
      const given = { ...options, ...(weighted && { classWeights: tensor([1, 2, 3]) }) }
      const { value, grads } = valueAndGrads(() => softmaxCrossEntropy(logits, labels(-100, -100), given), [logits])
      expect((await value.data())[0]).toBe(options.reduction === 'sum' ? 0 : Number.NaN)
      expect([...(await grads[0].data())].map(Math.abs)).toEqual([0, 0, 0, 0, 0, 0])
    },
  )

  test('ignored labels have no gradient', async () => {
    const logits = tensor([
      [1, 2],
      [3, 5],
    ])
    const { grads } = valueAndGrads(() => softmaxCrossEntropy(logits, labels(-100, 0)), [logits])
    const p = 1 / (1 + Math.exp(2))
    expectClose(await grads[0].data(), [0, 0, p - 1, 1 - p], 1e-6)
  })

  test('the sum over nothing is 0, and without reduction it is empty', async () => {
    const nothing = [zeros([0, 3]), zeros([0], 'int32')] as const
    await expectTensorClose(softmaxCrossEntropy(...nothing, { reduction: 'sum' }), { shape: [], data: [0] })
    expect(softmaxCrossEntropy(...nothing, { reduction: 'none' }).shape).toEqual([0])
    expect(softmaxCrossEntropy(zeros([2, 0, 3]), zeros([2, 0], 'int32'), { reduction: 'none' }).shape).toEqual([2, 0])
    await expectTensorClose(softmaxCrossEntropy(zeros([0, 3]), zeros([0, 3]), { reduction: 'sum' }), {
      shape: [],
      data: [0],
    })
  })

  // WGSL lets an implementation assume that there are no NaNs.
  if (backend !== 'webgpu') {
    test('the mean over nothing is NaN', async () => {
      const means = [
        softmaxCrossEntropy(zeros([0, 3]), zeros([0], 'int32')),
        softmaxCrossEntropy(zeros([0, 3]), zeros([0, 3])),
        softmaxCrossEntropy(ones([2, 3]), labels(-100, -100)),
      ]
      for (const mean of means) expect(Array.from(await mean.data())).toEqual([Number.NaN])
    })
  }

  if (backend === 'cpu' || backend === 'wasm') {
    test.each([3, -1, -100])('refuses the label %d', (label) => {
      expect(() => softmaxCrossEntropy(ones([2, 3]), labels(0, label), { ignoreIndex: 1 })).toThrow(
        new RangeError(`softmaxCrossEntropy: expected labels in 0 … 2 or 1, got ${label} at position 1 of [2].`),
      )
    })
  } else if (backend === 'tensorflow') {
    test('a label out of range makes the loss NaN', async () => {
      const losses = softmaxCrossEntropy(ones([2, 3]), labels(0, 3), { reduction: 'none' })
      expectClose(await losses.data(), [Math.log(3), Number.NaN])
    })
  }

  test('labels made from the logits are constants', async () => {
    const logits = tensor([[1, 2]])
    const { grads } = valueAndGrads(() => softmaxCrossEntropy(logits, argMax(logits, -1)), [logits])
    const p = 1 / (1 + Math.E)
    expectClose(await grads[0].data(), [p, -p], 1e-6)
  })

  test('class weights have no derivative', () => {
    const classWeights = ones([2])
    expect(() =>
      valueAndGrads(() => softmaxCrossEntropy(ones([1, 2]), labels(0), { classWeights }), [classWeights]),
    ).toThrow(/softmaxCrossEntropy has no derivative with respect to 'classWeights': they are given/)
  })
})

describe('softmaxCrossEntropy refuses', () => {
  const run = (logits: Tensor, targets: Tensor, options?: SoftmaxCrossEntropyOptions) => () =>
    softmaxCrossEntropy(logits, targets, options)
  test.each<[string, () => () => unknown, RegExp]>([
    ['other labels', () => run(ones([2, 3]), labels(0)), /int32 labels \[…\].*got float32 \[2,3\] and int32 \[1\]/],
    ['float labels', () => run(ones([2, 3]), ones([2])), /got float32 \[2,3\] and float32 \[2\]/],
    ['classes second', () => run(ones([2, 3, 5]), zeros([2, 5], 'int32')), /got float32 \[2,3,5\] and int32 \[2,5\]/],
    [
      'integer logits',
      () => run(zeros([2, 3], 'int32'), labels(0, 1)),
      /got int32 \[2,3\] and int32 \[2\]. Cast logits/,
    ],
    [
      'float labels, by how to cast them',
      () => run(ones([2, 3]), ones([2])),
      /\. Cast labels: cast\(labels, 'int32'\)\.$/,
    ],
    [
      'channels first, by how to turn them',
      () => run(ones([2, 3, 5, 7]), zeros([2, 5, 7], 'int32')),
      /\. The classes are the last axis: transpose\(logits, \[0, 2, 3, 1\]\)\.$/,
    ],
    [
      'logits of pixels with labels of images',
      () => run(ones([2, 5, 7, 3]), zeros([2], 'int32')),
      /\. These logits are of positions: give a label for each, \[2,5,7\], or average them first: mean\(logits, \[1, 2\]\)\.$/,
    ],
    [
      'labels in a column',
      () => run(ones([2, 3]), zeros([2, 1], 'int32')),
      /\. Labels .*: squeeze\(labels, \[-1\]\)\.$/,
    ],
    ['too many labels', () => run(ones([2, 3]), labels(0, 1, 2)), /\. Give labels of shape \[2\]\.$/],
    ['a scalar', () => run(ones([]), labels(0)), /got float32 \[\] and int32 \[1\]/],
    ['two scalars', () => run(ones([]), zeros([], 'int32')), /expected at least one class, got logits \[\]/],
    ['no class', () => run(ones([2, 0]), labels(0, 0)), /expected at least one class, got logits \[2,0\]/],
    ['a smoothing above 1', () => run(ones([1, 3]), labels(0), { labelSmoothing: 1.5 }), /labelSmoothing in \[0, 1\]/],
    [
      'other weights',
      () => run(ones([1, 3]), labels(0), { classWeights: ones([2]) }),
      /classWeights \[3\], got .*\[2\]/,
    ],
    ['a reduction', () => run(ones([1, 3]), labels(0), { reduction: 'max' as 'sum' }), /'none', got 'max'/],
    ['half a label', () => run(ones([1, 3]), labels(0), { ignoreIndex: 0.5 }), /ignoreIndex to be an integer, got 0.5/],
    ['to ignore a probability', () => run(ones([1, 3]), ones([1, 3]), { ignoreIndex: 1 }), /no ignoreIndex with prob/],
  ])('%s', (_, make, message) => expectShapeError(make(), message))
})
