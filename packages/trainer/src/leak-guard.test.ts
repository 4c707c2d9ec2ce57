import { loader } from '@ddnet/datasets'
import { dispose, ones, random, type Tensor } from '@ddnet/ops'
import { adam } from '@ddnet/optimizers'
import { useBackend } from '@ddnet/testing'
import { beforeAll, describe, expect, test } from 'vitest'
import { brightRows, classify, tinyNet } from '../test/tiny.ts'
import { type Callback, leakGuard, Trainer } from './index.ts'

beforeAll(() => useBackend('cpu'))

describe('leakGuard', () => {
  const leaked: Tensor[] = []
  const leakAt = (...steps: number[]): Callback => ({
    needsState: () => true,
    onStep: ({ step }) => {
      if (steps.includes(step)) leaked.push(ones([5]), ones([5]))
    },
  })
  async function fit(...callbacks: Callback[]) {
    const model = tinyNet()
    const rows = loader(brightRows(20), { batchSize: 8, shuffle: true, key: random.key(1) })
    const data = { train: rows, validation: rows }
    const trainer = new Trainer({ model, optimizer: adam(), data, step: classify, callbacks })
    try {
      return await trainer.fit({ steps: 12, validateEvery: 5 })
    } finally {
      model.dispose()
      dispose(leaked.splice(0))
    }
  }

  test('says nothing of a training with validation and metrics', async () => {
    expect((await fit(leakGuard())).history.steps).toHaveLength(12)
  })

  test('names the step, and by how many', async () => {
    await expect(fit(leakAt(7), leakGuard())).rejects.toThrow(
      /leakGuard failed in onStep.* 2 more tensors are alive after step 7 than after step 2 \(\d+, were \d+; 40 bytes more\)/,
    )
  })

  test('looks after every so many steps', async () => {
    await expect(fit(leakAt(7), leakGuard({ every: 5 }))).rejects.toThrow('after step 10 than after step 5')
  })

  test('forgives what the first steps keep', async () => {
    expect((await fit(leakAt(1, 2), leakGuard())).history.steps).toHaveLength(12)
  })
})
