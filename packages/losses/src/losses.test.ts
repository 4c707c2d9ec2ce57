import { memory, type Scalar, scalar, softmax, type Tensor, tensor, tidy, valueAndGrads, zeros } from '@ddnet/ops'
import { defined, describeBackends, entryOf, expectTensorClose, itemAt, operatorFixtures, upload } from '@ddnet/testing'
import { expect, test } from 'vitest'
import { type CrossEntropyOptions, crossEntropy, type Loss, mse, weighted } from './index.ts'

/** The scalar of a loss, whatever its form. */
const scalarOf = (loss: Loss): Scalar => ('mean' in loss ? loss.mean : 'sum' in loss ? loss.sum : loss)

/** The loss and its gradient by the predictions, times `dy`. */
function differentiate(loss: (predictions: Tensor) => Loss, predictions: Tensor, dy: Tensor = tensor(1)) {
  const { value, grads } = valueAndGrads(() => scalarOf(loss(predictions)), [predictions], dy)
  return { value, gradient: itemAt(grads, 0) }
}
const expected = (value: number) => ({ shape: [], data: [value] })

describeBackends('losses', () => {
  const reduced = operatorFixtures('softmaxCrossEntropy').filter(
    ({ options, nan }) => options.reduction !== 'none' && nan !== true,
  )

  test.each(reduced)('crossEntropy equals torch: $name', async ({ options, tensors }) => {
    const { labels, probabilities, classWeights: weights } = tensors
    const [logits, targets] = [upload(entryOf(tensors, 'logits')), upload(defined(labels ?? probabilities))]
    const all = { ...options, ...(weights && { classWeights: upload(weights) }) } as CrossEntropyOptions<'mean' | 'sum'>
    const loss = (logits: Tensor) => crossEntropy(logits, targets, all)
    const { value, gradient } = differentiate(loss, logits, upload(entryOf(tensors, 'dy')))
    await expectTensorClose(value, entryOf(tensors, 'y'), 1e-6)
    await expectTensorClose(gradient, entryOf(tensors, 'dlogits'), 1e-6)
  })

  test('mse is the mean of the squares, and its gradient 2 (p − t) / n', async () => {
    const { value, gradient } = differentiate((y) => mse(y, tensor([[1, 0, 3, 8]])), tensor([[1, 2, 3, 4]]))
    await expectTensorClose(value, expected(5), 1e-6)
    await expectTensorClose(gradient, { shape: [1, 4], data: [0, 1, 0, -2] }, 1e-6)
  })

  test('mse can be a sum', async () => {
    await expectTensorClose(scalarOf(mse(tensor([1, 2]), tensor([0, 0]), { reduction: 'sum' })), expected(5), 1e-6)
  })

  test('weighted multiplies the loss and its gradient', async () => {
    const { value, gradient } = differentiate((y) => weighted(mse(y, tensor([1])), 0.5), tensor([3]))
    await expectTensorClose(value, expected(2), 1e-6)
    await expectTensorClose(gradient, { shape: [1], data: [2] }, 1e-6)
  })

  test('a mean comes with what it was divided by, and a sum as such', async () => {
    const logits = tensor([
      [1, 2, 0],
      [0, 1, 3],
      [2, 2, 2],
    ])
    const weightOf = async (loss: Loss) => {
      if (!('mean' in loss)) return 'sum' in loss ? 'sum' : undefined
      return typeof loss.weight === 'number' ? loss.weight : (await loss.weight.data())[0]
    }
    const of = (options: CrossEntropyOptions<'mean' | 'sum'>, labels: number[]) =>
      weightOf(crossEntropy(logits, tensor(labels, [3], 'int32'), options))
    const classWeights = tensor([1, 2, 4])
    expect(await of({}, [0, 1, 2])).toBe(3)
    expect(await of({}, [0, -100, 2])).toBe(2)
    expect(await of({}, [-100, -100, -100])).toBe(0)
    expect(await of({ ignoreIndex: 1 }, [0, 1, 1])).toBe(1)
    expect(await of({ classWeights, labelSmoothing: 0.1 }, [0, 2, -100])).toBe(5)
    expect(await of({ reduction: 'sum' }, [0, 1, 2])).toBe('sum')
    expect(await weightOf(crossEntropy(logits, softmax(logits), { classWeights }))).toBe(3)
    expect(await weightOf(mse(logits, logits))).toBe(9)
    expect(await weightOf(mse(logits, logits, { reduction: 'sum' }))).toBe('sum')
    expect(await weightOf(weighted(mse(logits, logits), 7))).toBe(9)
    expect(await weightOf(weighted(mse(logits, logits, { reduction: 'sum' }), 7))).toBe('sum')
    expect(await weightOf(weighted(scalar(1), 7))).toBeUndefined()
  })

  test('leaves nothing behind in a tidy', () => {
    const before = memory().numTensors
    tidy(() => {
      weighted(mse(tensor([1]), tensor([2])), 2)
      crossEntropy(tensor([[1, 2]]), tensor([1], [1], 'int32'), { labelSmoothing: 0.1 })
    })
    expect(memory().numTensors).toBe(before)
  })

  test('names what does not fit', () => {
    expect(() => mse(tensor([1, 2]), tensor([1]))).toThrow(
      'mse: expected targets of the same shape as predictions, [2], got [1]',
    )
    const [images, smaller] = [zeros([2, 8, 8, 3]), zeros([2, 4, 4, 3])]
    for (const reduction of ['mean', 'sum'] as const) {
      expect(() => mse(images, smaller, { reduction })).toThrow(
        'mse: expected targets of the same shape as predictions, [2,8,8,3], got [2,4,4,3]. Reshape one of them',
      )
    }
    expect(() => crossEntropy(images, zeros([2], 'int32'))).toThrow(
      'crossEntropy: expected float32 logits […, classes] and int32 labels […], or float32 probabilities […, classes], got float32 [2,8,8,3] and int32 [2]. These logits are of positions',
    )
    expect(() => weighted(scalar(1), -1)).toThrow('weighted: expected a weight of at least 0, got -1')
    expect(() => crossEntropy(tensor([[1, 2]]), tensor([1]))).toThrow('int32 labels')
  })
})
