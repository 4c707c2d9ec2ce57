import { mul, random, sum } from '@ddnet/ops'
import { describeBackends, describeOp, expectClose } from '@ddnet/testing'
import type { Tensor1D, Tensor4D } from '@tensorflow/tfjs-core'
import { expect, test } from 'vitest'
import { convTranspose2d } from './conv-transpose2d.ts'
import { conv2d } from './conv2d.ts'

describeOp('convTranspose2d', {
  inputs: ['x', 'filter', 'bias'],
  run: ({ x, filter, bias }, options) =>
    convTranspose2d(x as Tensor4D, filter as Tensor4D, { ...options, ...(bias && { bias: bias as Tensor1D }) }),
})

describeBackends('convTranspose2d', () => {
  test('is the adjoint of conv2d: ⟨conv x, y⟩ = ⟨x, convᵀ y⟩', async () => {
    const [a, b, c] = random.key(1).split(3) as [random.Key, random.Key, random.Key]
    const x = random.normal(a, [2, 7, 9, 3]) as Tensor4D
    const filter = random.normal(b, [3, 2, 3, 5]) as Tensor4D
    const options = { stride: [2, 1], padding: [1, 0] } as const
    const y = random.normal(c, [2, 4, 8, 5]) as Tensor4D
    const left = await sum(mul(conv2d(x, filter, options), y)).data()
    const right = await sum(mul(x, convTranspose2d(y, filter, options))).data()
    expectClose(left, right, 1e-5)
  })

  test('refuses an outputPadding that reaches the stride', () => {
    const image = random.uniform(random.key(1), [1, 4, 4, 2]) as Tensor4D
    const filter = random.uniform(random.key(2), [3, 3, 2, 2]) as Tensor4D
    expect(() => convTranspose2d(image, filter, { stride: 2, outputPadding: 2 })).toThrow(
      /outputPadding smaller than stride or dilation, got \[2,2\] with stride \[2,2\]/,
    )
  })
})
