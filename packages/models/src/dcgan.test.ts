import { init } from '@ddnet/layers'
import { random, tensor } from '@ddnet/ops'
import { useBackend } from '@ddnet/testing'
import { beforeAll, describe, expect, test } from 'vitest'
import { DCGANDiscriminator, DCGANGenerator } from './dcgan.ts'

describe('DCGAN', () => {
  beforeAll(() => useBackend('cpu'))

  test.each([8, 16, 32])('makes and judges images of %s pixels', async (size) => {
    const generator = init(new DCGANGenerator({ latent: 5, width: 2, size, outChannels: 1 }), random.key(1))
    const discriminator = init(new DCGANDiscriminator({ width: 2, size, inChannels: 1 }), random.key(2))
    const images = generator.predict(random.normal(random.key(3), [3, 5]))
    expect(images.shape).toEqual([3, size, size, 1])
    expect([...(await images.data())].every((value) => Math.abs(value) <= 1)).toBe(true)
    expect(discriminator.predict(images).shape).toEqual([3])
  })

  test('takes noise as values or as images of one pixel', async () => {
    const generator = init(new DCGANGenerator({ latent: 2, width: 2, size: 8 }), random.key(1))
    const [flat, pixel] = [tensor([1, 2], [1, 2]), tensor([1, 2], [1, 1, 1, 2])]
    expect(await generator.predict(flat).data()).toEqual(await generator.predict(pixel).data())
  })

  test('refuses other sizes', () => {
    expect(() => new DCGANGenerator({ size: 24 })).toThrow(
      'DCGANGenerator: expected a size of 8, 16, 32, 64 …, got 24.',
    )
    expect(() => new DCGANDiscriminator({ size: 4 })).toThrow('DCGANDiscriminator: expected a size of 8, 16, 32, 64')
  })
})
