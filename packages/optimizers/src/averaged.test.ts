import { memory, type Tensor, tensor } from '@ddnet/ops'
import { describeBackends, expectClose } from '@ddnet/testing'
import { expect, test } from 'vitest'
import { averaged, chain, clipByGlobalNorm, type Optimizer, sgd, type Tensors } from './index.ts'

/** Parameters and averages after each of three updates with gradients of one. */
async function descend(optimizer: Optimizer) {
  let params: Tensors = { weight: tensor([8, 0]) }
  let state = optimizer.init(params)
  const gradient = tensor([1, 1])
  const seen: { weight: number[]; average: number[] }[] = []
  for (let step = 0; step < 3; step++) {
    const next = optimizer.update({ weight: gradient }, state, params)
    for (const old of [...Object.values(params), ...Object.values(state.tensors)]) old.dispose()
    ;({ params, state } = next)
    const values = async (from: Tensors = {}) => [...(await (from['weight'] as Tensor).data())]
    seen.push({ weight: await values(params), average: await values(optimizer.average?.(state)) })
  }
  for (const last of [gradient, ...Object.values(params), ...Object.values(state.tensors)]) last.dispose()
  return seen
}

describeBackends('averaged', () => {
  test('starts at the weights after the first update, then decays towards each later ones', async () => {
    const before = memory().numTensors
    const seen = await descend(averaged(sgd({ learningRate: 2, momentum: 0 }), { decay: 0.75 }))
    expect(seen.map(({ weight }) => weight)).toEqual([
      [6, -2],
      [4, -4],
      [2, -6],
    ])
    // 0.75 · 6 + 0.25 · 4 = 5.5, then 0.75 · 5.5 + 0.25 · 2 = 4.625
    for (const [at, first] of [6, 5.5, 4.625].entries()) {
      await expectClose(seen[at]?.average as number[], [first, first - 8], 1e-6)
    }
    expect(memory().numTensors).toBe(before)
  })

  test('keeps its average through a chain, and the state of the optimizer inside', async () => {
    const plain = await descend(averaged(sgd({ learningRate: 2, momentum: 0.9 }), { decay: 0.5 }))
    const chained = await descend(
      chain(clipByGlobalNorm(9), averaged(chain(sgd({ learningRate: 2, momentum: 0.9 })), { decay: 0.5 })),
    )
    expect(chained).toEqual(plain)
  })
})

test('refuses a decay that forgets nothing', () => {
  expect(() => averaged(sgd(), { decay: 1 })).toThrow('averaged: expected decay of at least 0 and below 1, got 1.')
})
