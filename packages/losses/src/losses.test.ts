import { memory, type Scalar, scalar, softmax, type Tensor, tensor, tidy, valueAndGrads, zeros } from '@ddnet/ops'
import { describeBackends, expectTensorClose, operatorFixtures, upload } from '@ddnet/testing'
import { expect, test } from 'vitest'
import { crossEntropy, type Loss, type LossValue, mse, weighted } from './index.ts'

/** The scalar of a loss, whatever its form. */
const scalarOf = (loss: LossValue): Scalar => ('mean' in loss ? loss.mean : 'sum' in loss ? loss.sum : loss)

/** The loss and its gradient by the predictions, times `dy`. */
function differentiate(loss: Loss, predictions: Tensor, targets: Tensor, dy: Tensor = tensor(1)) {
  const { value, grads } = valueAndGrads(() => scalarOf(loss(predictions, targets)), [predictions], dy)
  return { value, gradient: grads[0] }
}
const expected = (value: number) => ({ shape: [], data: [value] })

describeBackends('losses', () => {
  const reduced = operatorFixtures('crossEntropy').filter(
    ({ options, nan }) => options.reduction !== 'none' && nan !== true,
  )

  test.each(reduced)('crossEntropy equals torch: $name', async ({ options, tensors }) => {
    const { labels, probabilities, classWeights: weights } = tensors
    const [logits, targets] = [upload(tensors.logits as never), upload((labels ?? probabilities) as never)]
    const loss = crossEntropy({ ...options, ...(weights && { classWeights: upload(weights) }) })
    const { value, gradient } = differentiate(loss, logits, targets, upload(tensors['dy'] as never))
    await expectTensorClose(value, tensors.y as never, 1e-6)
    await expectTensorClose(gradient, tensors.dlogits as never, 1e-6)
  })

  test('mse is the mean of the squares, and its gradient 2 (p − t) / n', async () => {
    const { value, gradient } = differentiate(mse(), tensor([[1, 2, 3, 4]]), tensor([[1, 0, 3, 8]]))
    await expectTensorClose(value, expected(5), 1e-6)
    await expectTensorClose(gradient, { shape: [1, 4], data: [0, 1, 0, -2] }, 1e-6)
  })

  test('mse can be a sum', async () => {
    await expectTensorClose(scalarOf(mse({ reduction: 'sum' })(tensor([1, 2]), tensor([0, 0]))), expected(5), 1e-6)
  })

  test('weighted multiplies the loss and its gradient', async () => {
    const { value, gradient } = differentiate(weighted(mse(), 0.5), tensor([3]), tensor([1]))
    await expectTensorClose(value, expected(2), 1e-6)
    await expectTensorClose(gradient, { shape: [1], data: [2] }, 1e-6)
  })

  test('a mean comes with what it was divided by, and a sum as such', async () => {
    const logits = tensor([
      [1, 2, 0],
      [0, 1, 3],
      [2, 2, 2],
    ])
    const weightOf = async (loss: LossValue) => {
      if (!('mean' in loss)) return 'sum' in loss ? 'sum' : undefined
      return typeof loss.weight === 'number' ? loss.weight : (await loss.weight.data())[0]
    }
    const of = (options: Parameters<typeof crossEntropy>[0], labels: number[]) =>
      weightOf(crossEntropy(options)(logits, tensor(labels, [3], 'int32')))
    const classWeights = tensor([1, 2, 4])
    expect(await of({}, [0, 1, 2])).toBe(3)
    expect(await of({}, [0, -100, 2])).toBe(2)
    expect(await of({}, [-100, -100, -100])).toBe(0)
    expect(await of({ ignoreIndex: 1 }, [0, 1, 1])).toBe(1)
    expect(await of({ classWeights, labelSmoothing: 0.1 }, [0, 2, -100])).toBe(5)
    expect(await of({ reduction: 'sum' }, [0, 1, 2])).toBe('sum')
    expect(await weightOf(crossEntropy({ classWeights })(logits, softmax(logits)))).toBe(3)
    expect(await weightOf(mse()(logits, logits))).toBe(9)
    expect(await weightOf(mse({ reduction: 'sum' })(logits, logits))).toBe('sum')
    expect(await weightOf(weighted(mse(), 7)(logits, logits))).toBe(9)
    expect(await weightOf(weighted(mse({ reduction: 'sum' }), 7)(logits, logits))).toBe('sum')
    expect(await weightOf(weighted(() => scalar(1) as never, 7)(logits, logits))).toBeUndefined()
  })

  test('leaves nothing behind in a tidy', () => {
    const before = memory().numTensors
    tidy(() => {
      weighted(mse(), 2)(tensor([1]), tensor([2]))
      crossEntropy({ labelSmoothing: 0.1 })(tensor([[1, 2]]), tensor([1], [1], 'int32'))
    })
    expect(memory().numTensors).toBe(before)
  })

  test('names what does not fit', () => {
    expect(() => mse()(tensor([1, 2]), tensor([1]))).toThrow("expected targets of the predictions' shape [2], got [1]")
    const [images, smaller] = [zeros([2, 8, 8, 3]), zeros([2, 4, 4, 3])]
    for (const loss of [mse(), mse({ reduction: 'sum' }), weighted(mse(), 2)]) {
      expect(() => loss(images, smaller)).toThrow(
        "mse: expected targets of the predictions' shape [2,8,8,3], got [2,4,4,3]. Reshape one of them",
      )
    }
    expect(() => crossEntropy()(images, zeros([2], 'int32'))).toThrow(
      'crossEntropy: expected float32 logits […, classes] and int32 labels […], or float32 probabilities […, classes], got float32 [2,8,8,3] and int32 [2]. These logits are of positions',
    )
    expect(() => weighted(mse(), -1)).toThrow('weighted: expected a weight of at least 0, got -1')
    expect(() => crossEntropy()(tensor([[1, 2]]), tensor([1]))).toThrow('int32 labels')
  })
})
