import { describeBackends } from '@ddnet/testing'
import { memory, type Tensor, tensor } from '@tensorflow/tfjs-core'
import { expect, test } from 'vitest'
import { grad } from '../autodiff/differentiate.ts'
import { mul, square } from './arithmetic.ts'
import { detach } from './detach.ts'
import { sum } from './sum.ts'

describeBackends('detach', () => {
  const x = (): Tensor => tensor([2, -3])

  test('gives the same values as a constant, at both orders', async () => {
    // With a constant d = x² the derivatives of x²·d are 2x·d and 2d.
    const f = (v: Tensor): Tensor => mul(square(v), detach(square(v)))
    expect([...(await grad((v) => sum(f(v)))(x()).data())]).toEqual([16, -54])
    expect([...(await grad((v) => sum(grad((u) => sum(f(u)))(v)))(x()).data())]).toEqual([8, 18])
    expect([...(await detach(x()).data())]).toEqual([2, -3])
  })

  test('leaves nothing in memory', () => {
    const v = x()
    const before = memory().numTensors
    grad((u) => sum(mul(u, detach(u))))(v).dispose()
    detach(v).dispose()
    expect(memory().numTensors).toBe(before)
  })
})
