import { describeBackends, expectTensorClose } from '@ddnet/testing'
import { type Tensor4D, tensor } from '@tensorflow/tfjs-core'
import { test } from 'vitest'
import { valueAndGrads } from '../autodiff/differentiate.ts'
import { gatherPlaneOp, scatterPlaneOp } from './plane-op.ts'

// Two images of 3 × 2 pixels and one channel; two positions row · 2 + column in each.
const large = () => tensor([0, 1, 2, 3, 4, 5, 10, 11, 12, 13, 14, 15], [2, 3, 2, 1]) as Tensor4D
const small = () => tensor([7, 8, 9, 6], [2, 1, 2, 1]) as Tensor4D
const indices = () => tensor([4, 2, 5, 5], [2, 1, 2, 1], 'int32') as Tensor4D
const added = [0, 0, 8, 0, 7, 0, 0, 0, 0, 0, 0, 15]

describeBackends('planes', () => {
  test('are read at positions, and the gradient adds there', async () => {
    const x = large()
    const { value, grads } = valueAndGrads(() => gatherPlaneOp({ x, indices: indices() }, {}), [x], small())
    await expectTensorClose(value, { shape: [2, 1, 2, 1], data: [4, 2, 15, 15] })
    await expectTensorClose(grads[0], { shape: [2, 3, 2, 1], data: added })
  })

  test('are added to at positions, and the gradient reads there', async () => {
    const dy = small()
    const scatter = () => scatterPlaneOp({ dy, indices: indices() }, { size: [3, 2] })
    const { value, grads } = valueAndGrads(scatter, [dy], large())
    await expectTensorClose(value, { shape: [2, 3, 2, 1], data: added })
    await expectTensorClose(grads[0], { shape: [2, 1, 2, 1], data: [4, 2, 15, 15] })
  })
})
