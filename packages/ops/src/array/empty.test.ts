import * as ops from '@ddnet/ops'
import { describeBackends, entryOf, expectShapeError, expectTensorClose, operatorFixtures } from '@ddnet/testing'
import { type Tensor, zeros } from '@tensorflow/tfjs-core'
import { expect, test } from 'vitest'

type Run = (x: Tensor, axis: number, keepDims: boolean) => Tensor

// What has options of its own; the others are our operators of that name, called alike.
const others: Record<string, Run> = {
  variance: (x, axis, keepDims) => ops.variance(x, axis, { keepDims }),
  std: (x, axis, keepDims) => ops.std(x, axis, { keepDims }),
  norm: (x, axis, keepDims) => ops.norm(x, { axis, keepDims }),
  'norm of order 3': (x, axis, keepDims) => ops.norm(x, { axis, keepDims, order: 3 }),
  'norm of order Infinity': (x, axis, keepDims) => ops.norm(x, { axis, keepDims, order: Number.POSITIVE_INFINITY }),
  softmax: (x, axis) => ops.softmax(x, axis),
  logSoftmax: (x, axis) => ops.logSoftmax(x, axis),
  cumsum: (x, axis) => ops.cumsum(x, axis),
  sort: (x, axis) => ops.sort(x, { axis }).values,
  topK: (x, axis) => ops.topK(x, 0, { axis }).values,
}
const functions = new Map<string, unknown>(Object.entries({ ...ops, ...others }))

describeBackends('over no values, PyTorch’s result', () => {
  test.each(operatorFixtures('empty'))('$name', async ({ options, tensors }) => {
    const { operator, shape, axis, keepDims, refused } = options
    const x = zeros(shape)
    const run = functions.get(operator) as Run // the fixture's names are the keys
    if (refused === true) {
      expectShapeError(() => run(x, axis, keepDims), /expected at least one value/)
    } else {
      const y = run(x, axis, keepDims)
      await expectTensorClose(y, entryOf(tensors, 'y'))
      y.dispose()
    }
    x.dispose()
  })

  test('logSumExp has a gradient of no values', () => {
    const [dx] = ops.valueAndGrads(() => ops.logSumExp(zeros([2, 0]), 1), [zeros([2, 0])], zeros([2])).grads
    expect(dx.shape).toEqual([2, 0])
  })
})
