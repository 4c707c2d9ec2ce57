import { dispose, type Tensor, tensor } from '@ddnet/ops'
import { describeBackends } from '@ddnet/testing'
import { expect, test } from 'vitest'
import { webgpu } from '../../backend-webgpu/src/index.ts'
import { adam, adamW, applyGradients, chain, clipByGlobalNorm, ema, initState, type Optimizer, sgd } from './index.ts'

/** Four matrices and four vectors, with other numbers for each seed. */
const drawn = (seed: number): Record<string, Tensor> =>
  Object.fromEntries(
    [0, 1, 2, 3].flatMap((index) => [
      [`${index}.weight`, tensor([seed, index, 1, 2], [2, 2])],
      [`${index}.bias`, tensor([seed, index])],
    ]),
  )

/** What the device runs for an update that is not the first. */
async function dispatchesOf(optimizer: Optimizer): Promise<number> {
  const backend = await webgpu()
  const [params, grads] = [drawn(1), drawn(2)]
  const first = applyGradients(optimizer, grads, initState(optimizer, params), params)
  await Promise.all(Object.values(first.params).map((each) => each.data()))
  const before = backend.dispatchCount()
  const second = applyGradients(optimizer, grads, first.state, first.params)
  const count = backend.dispatchCount() - before
  const all = [params, grads, first.params, first.state.tensors, second.params, second.state.tensors]
  dispose(all.flatMap((each) => Object.values(each)))
  return count
}

const weightsOnly = { mask: (_: string, { rank }: Tensor) => rank > 1 }

describeBackends('an update of eight parameters', () => {
  test.each<[string, Optimizer, number]>([
    ['adam', adam(), 2],
    ['adamW', adamW(), 2],
    ['adamW of the weights alone', adamW(weightsOnly), 2], // four of each kind
    ['sgd', sgd({ momentum: 0.9, weightDecay: 0.1 }), 2],
    ['nested chains', chain(chain(adamW())), 2],
  ])('by %s takes a dispatch for six', async (_, optimizer, dispatches) => {
    expect(await dispatchesOf(optimizer)).toBe(dispatches)
  })

  test('clipped and averaged takes what clipping and averaging take, and no more', async () => {
    const [clipped, averaged] = [chain(clipByGlobalNorm(1), adamW()), chain(adamW(), ema())]
    const both = await dispatchesOf(chain(clipByGlobalNorm(1), adamW(), ema()))
    expect(both).toBe((await dispatchesOf(clipped)) + (await dispatchesOf(averaged)) - 2)
    expect(await dispatchesOf(averaged)).toBe(2 + 3 * 8) // decay · a + (1 − decay) · θ of each
  })
}, ['webgpu'])
