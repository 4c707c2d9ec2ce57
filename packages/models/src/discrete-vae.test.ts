import { init, openPass } from '@ddnet/layers'
import { argMax, memory, oneHot, random, type Tensor, tidy } from '@ddnet/ops'
import { expectTensorClose, useBackend } from '@ddnet/testing'
import { beforeAll, describe, expect, test } from 'vitest'
import { DiscreteVAE } from './discrete-vae.ts'

const hostOf = async (x: Tensor) => ({ shape: x.shape, data: await x.data() })

describe('DiscreteVAE', () => {
  beforeAll(() => useBackend('cpu'))

  const make = () =>
    init(new DiscreteVAE({ vocabulary: 9, width: 8, groups: 3, blocks: 1, embedding: 4 }), random.key(1))
  const images = () => random.uniform(random.key(2), [2, 12, 8, 3])

  test('encodes images to tokens of a quarter of the size, and decodes them again', async () => {
    const model = make()
    const tokens = tidy(() => model.encode(images()))
    expect([tokens.dtype, ...tokens.shape]).toEqual(['int32', 2, 3, 2])
    expect([...(await tokens.data())].every((token) => token >= 0 && token < 9)).toBe(true)
    const { reconstruction, logits } = model.predict(images())
    expect(reconstruction.shape).toEqual([2, 12, 8, 3])
    expect(await tokens.data()).toEqual(await argMax(logits, -1).data())
    await expectTensorClose(reconstruction, await hostOf(model.decode(tokens)), 1e-6)
    await expectTensorClose(model.decode(oneHot(tokens, 9)), await hostOf(reconstruction), 1e-6)
  })

  test('draws by the pass’s key in training, at the temperature that is given', async () => {
    const model = make()
    const drawn = async (seed: number, temperature: number) => {
      const run = () => model.forward(images(), { temperature }).reconstruction
      return [...(await tidy(() => openPass({ training: true, root: model, key: random.key(seed) }, run)).data())]
    }
    expect(await drawn(1, 1)).toEqual(await drawn(1, 1))
    expect(await drawn(1, 1)).not.toEqual(await drawn(2, 1))
    expect(await drawn(1, 1)).not.toEqual(await drawn(1, 0.1))
  })

  test('leaves nothing behind', () => {
    const model = make()
    const x = images()
    const before = memory().numTensors
    for (const each of Object.values(model.predict(x))) each.dispose()
    expect(memory().numTensors).toBe(before)
  })

  test('refuses sizes that are none', () => {
    expect(() => new DiscreteVAE({ width: 6 })).toThrow('DiscreteVAE: expected width to be a multiple of 4, got 6.')
    expect(() => new DiscreteVAE({ groups: 0 })).toThrow(
      'DiscreteVAE: expected groups to be a positive integer, got 0.',
    )
  })
})
