import { random, type Tensor, tensor, tidy } from '@ddnet/ops'
import { describeBackends, expectClose } from '@ddnet/testing'
import { expect, test } from 'vitest'
import { BatchNorm } from './batch-norm.ts'
import { init } from './init.ts'
import { openPass } from './pass.ts'
import { Updates } from './updates.ts'

const batches = [
  [1, 5],
  [0, 2, 10],
  [-3, -3.5, 4, 1],
]
const mean = (values: readonly number[]): number => values.reduce((sum, each) => sum + each, 0) / values.length
const variance = (values: readonly number[]): number =>
  values.reduce((sum, each) => sum + (each - mean(values)) ** 2, 0) / (values.length - 1)

describeBackends('BatchNorm with momentum null', () => {
  const run = (norm: BatchNorm, groups: readonly (readonly number[][])[]): void => {
    for (const group of groups) {
      const updates = new Updates()
      tidy(() => {
        for (const batch of group) {
          const x: Tensor = tensor(batch, [batch.length, 1])
          openPass({ training: true, updates }, () => norm.forward(x))
        }
      })
      updates.commit()
    }
  }

  // PyTorch's BatchNorm1d(1, momentum=None): each batch's share is 1 / num_batches_tracked.
  test.each([
    ['a batch a step', batches.map((batch) => [batch])],
    ['several batches a step', [batches]],
  ])('the running statistics are the average of all batches, %s', async (_, groups) => {
    const norm = init(new BatchNorm(1, { momentum: null }), random.key(0))
    run(norm, groups)
    expect(norm.num_batches_tracked?.count).toBe(3)
    expectClose((await norm.running_mean?.value.data()) ?? [], [mean(batches.map(mean))])
    expectClose((await norm.running_var?.value.data()) ?? [], [mean(batches.map(variance))])
  })
})
