import { describeBackends, describeOp, expectShapeError } from '@ddnet/testing'
import { tensor, zeros } from '@tensorflow/tfjs-core'
import { expect, test } from 'vitest'
import { max, mean, min } from './reduce.ts'
import { sum } from './sum.ts'

// Cases whose extremes are far from the second: no kink within the step.
const differences = { max: 'max axis -1 x [4, 3]', min: 'min axis -1 x [4, 3]' }

for (const [name, reduce] of Object.entries({ sum, mean, max, min })) {
  describeOp(name, {
    inputs: ['x'],
    run: ({ x }, { axis, keepDims }) => reduce(x, axis, keepDims),
    ...(name in differences && { differences: differences[name as keyof typeof differences] }),
  })
}

describeBackends('a reduction', (backend) => {
  test('over no values is 0 as a sum, NaN as a mean, and an error as an extreme', async () => {
    const x = zeros([2, 0, 3])
    expect([...(await sum(x, 1).data())]).toEqual(new Array(6).fill(0))
    expect(sum(x, 0).shape).toEqual([0, 3])
    // WGSL lets an implementation assume that there are no NaNs.
    if (backend !== 'webgpu') expect([...(await mean(x, 1).data())]).toEqual(new Array(6).fill(Number.NaN))
    expectShapeError(() => max(x, 1), /max: expected at least one value to reduce, got x \[2,0,3\] over \[1\]/)
    expectShapeError(() => min(x), /min: expected at least one value/)
    expect(max(x, 0).shape).toEqual([0, 3])
    expect(min(x, 2, true).shape).toEqual([2, 0, 1])
  })

  test('keeps integers exact and counts bools', async () => {
    const integers = tensor([5, -7, 9], [3], 'int32')
    expect([sum(integers).dtype, max(integers).dtype, mean(integers).dtype]).toEqual(['int32', 'int32', 'float32'])
    expect([...(await sum(integers).data()), ...(await min(integers).data())]).toEqual([7, -7])
    expect([...(await sum(tensor([1, 0, 1], [3], 'bool')).data())]).toEqual([2])
  })

  test('of an empty list of axes is over all of them, as in PyTorch', async () => {
    expect([...(await sum(tensor([1, 2, 3]), []).data())]).toEqual([6])
  })

  test('refuses axes that do not exist or come twice', () => {
    const x = zeros([2, 3])
    for (const reduce of [sum, mean, max, min]) {
      expectShapeError(() => reduce(x, 2), /expected an axis in -2 … 1 for x \[2,3\], got 2/)
      expectShapeError(() => reduce(x, -3), /got -3/)
      expectShapeError(() => reduce(x, 0.5), /got 0.5/)
      expectShapeError(() => reduce(x, [0, -2]), /expected each axis once, got \[0,-2\]/)
    }
  })
})
