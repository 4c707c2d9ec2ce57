import { tensor } from '@ddnet/ops'
import { describeBackends } from '@ddnet/testing'
import { exp, prelu } from '@tensorflow/tfjs-core'
import { expect, test } from 'vitest'

describeBackends("tfjs-node's kernels, repaired:", () => {
  test('exp of integers leaves its input alone', () => {
    const x = tensor([0, 1], [2], 'int32')
    expect(exp(x).dataSync()[1]).toBeCloseTo(Math.E, 6)
    expect([...x.dataSync()]).toEqual([0, 1])
  })

  test('prelu works without the chained methods of the tfjs union', () => {
    const y = prelu(tensor([-2, 0, 3]), tensor([0.5, 0.5, 0.5]))
    expect([...y.dataSync()]).toEqual([-1, 0, 3])
  })
}, ['tensorflow'])
