import { describeBackends, expectTensorClose, itemAt } from '@ddnet/testing'
import { type Tensor1D, type Tensor2D, tensor, tidy, zeros } from '@tensorflow/tfjs-core'
import { test } from 'vitest'
import { valueAndGrads } from '../autodiff/differentiate.ts'
import { segmentSum } from './select.ts'

describeBackends('segmentSum', () => {
  test('adds up the rows of each position, and its gradient gathers', async () => {
    const x = tensor([1, 2, 3, 4, 5, 6], [3, 2]) as Tensor2D
    const positions = tensor([2, 0, 2], [3], 'int32') as Tensor1D
    const dy = tensor([10, 20, 30, 40, 50, 60, 70, 80], [4, 2])
    const { value, grads } = valueAndGrads(() => segmentSum(x, positions, 4), [x], dy)
    await expectTensorClose(value, { shape: [4, 2], data: [3, 4, 0, 0, 6, 8, 0, 0] })
    await expectTensorClose(itemAt(grads, 0), { shape: [3, 2], data: [50, 60, 10, 20, 50, 60] })
  })

  test.each([
    ['of no rows is zeros', [0, 2], 3],
    ['of no columns is empty', [2, 0], 3],
    ['of no positions is empty', [0, 2], 0],
  ] as const)('%s', async (_, [rows, inner], count) => {
    const sums = tidy(() => segmentSum(zeros([rows, inner]), zeros([rows], 'int32'), count))
    await expectTensorClose(sums, { shape: [count, inner], data: Array(count * inner).fill(0) })
  })
})
