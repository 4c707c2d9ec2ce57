import { init, Module } from '@ddnet/layers'
import { mean, mul, random, square, type Tensor, tensor, zeros } from '@ddnet/ops'
import { describeBackends, expectTensorClose, itemAt, useBackend } from '@ddnet/testing'
import { beforeAll, describe, expect, test } from 'vitest'
import { addNoise, ddpmSchedule, denoise, noiseLoss } from './diffusion.ts'
import { DiffusionUNet } from './diffusion-unet.ts'

/** Takes a third of what it sees for noise, at any time. */
class Third extends Module {
  override forward(x: Tensor, _times: Tensor): Tensor {
    return mul(1 / 3, x)
  }
}

const schedule = ddpmSchedule({ steps: 5, first: 0.1, last: 0.5 })
const betas = [0.1, 0.2, 0.3, 0.4, 0.5]
const alphas = betas.map((beta) => 1 - beta)
/** ᾱ */
const kept = alphas.map((_, at) => alphas.slice(0, at + 1).reduce((product, each) => product * each, 1))

describeBackends('diffusion', () => {
  test('adds noise as the schedule says', async () => {
    const times = tensor([0, 4], [2], 'int32')
    const [images, noise] = [tensor([1, -1], [2, 1, 1, 1]), tensor([0.5, 2], [2, 1, 1, 1])]
    const expected = [0, 4].map((time, at) => {
      const share = itemAt(kept, time)
      return Math.sqrt(share) * itemAt([1, -1], at) + Math.sqrt(1 - share) * itemAt([0.5, 2], at)
    })
    await expectTensorClose(addNoise(schedule, images, noise, times), { shape: [2, 1, 1, 1], data: expected }, 1e-6)
  })

  test('denoises by all steps as DDPM does, with the variance of the posterior', async () => {
    const start = random.normal(random.key(1), [2, 2, 2, 1])
    const key = random.key(2)
    let x = [...(await start.data())]
    for (const time of [4, 3, 2, 1, 0]) {
      const [beta, now, then] = [itemAt(betas, time), itemAt(kept, time), time === 0 ? 1 : itemAt(kept, time - 1)]
      const z = await random.normal(key.fold(time), [2, 2, 2, 1]).data()
      // Algorithm 2 of Ho et al. 2020, with σ² = β (1 − ᾱ_{t−1}) / (1 − ᾱ_t).
      const sigma = Math.sqrt((beta * (1 - then)) / (1 - now))
      x = x.map((value, at) => {
        const mean = (value - (beta / Math.sqrt(1 - now)) * (value / 3)) / Math.sqrt(1 - beta)
        return mean + sigma * itemAt(z, at)
      })
    }
    const made = denoise(new Third(), schedule, start, { key, clip: false })
    await expectTensorClose(made, { shape: [2, 2, 2, 1], data: x }, 1e-5)
  })
})

describe('diffusion', () => {
  beforeAll(() => useBackend('cpu'))

  test('of DDPM keeps next to nothing at the end', () => {
    const { kept: all } = ddpmSchedule()
    expect(all[0]).toBeCloseTo(1 - 1e-4, 12)
    expect(itemAt(all, 999)).toBeCloseTo(4.0358e-5, 8) // ᾱ_T of Ho et al. 2020
  })

  test('makes the same pictures of the same noise and key, and others of another key', async () => {
    const model = init(new DiffusionUNet({ channels: 8, multipliers: [1, 2], groups: 4, steps: 5 }), random.key(1))
    const noise = random.normal(random.key(1), [1, 4, 4, 3])
    const make = async (seed: number) => [...(await denoise(model, schedule, noise, { key: random.key(seed) }).data())]
    expect(await make(1)).toEqual(await make(1))
    expect(await make(1)).not.toEqual(await make(2))
    const few = await denoise(model, schedule, noise, { steps: 2, eta: 0 }).data()
    expect([...few].every((value) => Math.abs(value) <= 1)).toBe(true)
  })

  test('begins by finding no noise, so that its loss is that of the noise', async () => {
    const model = init(new DiffusionUNet({ channels: 8, multipliers: [1, 2], groups: 4 }), random.key(1))
    const { mean: loss, weight } = noiseLoss(model, ddpmSchedule(), zeros([4, 8, 8, 3]), random.key(5))
    const noise = random.normal(random.key(5).fold('noise'), [4, 8, 8, 3])
    await expectTensorClose(loss, { shape: [], data: await mean(square(noise)).data() }, 1e-6)
    expect(weight).toBe(4 * 8 * 8 * 3)
  })

  test('names what does not fit', () => {
    const noise = zeros([1, 4, 4, 3])
    const model = new Third()
    expect(() => denoise(model, schedule, noise)).toThrow(
      'denoise: expected a key for the noise on the way, as eta is 1.',
    )
    expect(() => denoise(model, schedule, noise, { steps: 6, eta: 0 })).toThrow('expected steps of 1 … 5')
    expect(() => denoise(model, schedule, noise, { eta: 2 })).toThrow('expected eta in [0, 1], got 2.')
    expect(() => ddpmSchedule({ steps: 0 })).toThrow('ddpmSchedule: expected steps as a positive integer, got 0.')
    expect(() => ddpmSchedule({ last: 1 })).toThrow('ddpmSchedule: expected last between 0 and 1, got 1.')
    expect(() => addNoise(schedule, noise, zeros([1, 4, 4, 1]), zeros([1], 'int32'))).toThrow(
      'addNoise: expected noise',
    )
    expect(() => new DiffusionUNet({ attention: 3 })).toThrow('expected attention at a level of 0 … 2, got 3.')
    expect(() => new DiffusionUNet({ channels: 7, groups: 7 })).toThrow('expected an even number of channels')
    expect(() => new DiffusionUNet({ groups: 5 })).toThrow(
      'GroupNorm: expected groups to divide the 32 channels, got 5.',
    )
  })
})
