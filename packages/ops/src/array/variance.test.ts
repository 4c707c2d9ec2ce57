import { describeBackends, describeOp, expectShapeError } from '@ddnet/testing'
import { tensor, zeros } from '@tensorflow/tfjs-core'
import { expect, test } from 'vitest'
import { std, variance } from './variance.ts'

for (const [name, spread] of Object.entries({ variance, std })) {
  describeOp(name, { inputs: ['x'], run: ({ x }, { axis, ...options }) => spread(x, axis, options) })
}

describeBackends('variance', (backend) => {
  // WGSL lets an implementation assume that there are no NaNs.
  if (backend !== 'webgpu') {
    test('of no more values than the correction is NaN', async () => {
      expect(await variance(tensor([3])).data()).toEqual(Float32Array.of(Number.NaN))
      expect(await std(zeros([0])).data()).toEqual(Float32Array.of(Number.NaN))
    })
  }

  test('says what does not fit', () => {
    const zeros2 = zeros([2])
    expectShapeError(() => variance(zeros2, 1), /variance: expected an axis/)
  })
})
