import { ConvTranspose2d, init } from '@ddnet/layers'
import { random, tensor } from '@ddnet/ops'
import { useBackend } from '@ddnet/testing'
import { beforeAll, describe, expect, test } from 'vitest'
import { DCGAN, DCGANDiscriminator, DCGANGenerator } from './dcgan.ts'

describe('DCGAN', () => {
  beforeAll(() => useBackend('cpu'))

  test.each([8, 16, 24, 28, 32])('makes and judges images of %s pixels', async (size) => {
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

  test.each([
    ['batch', undefined],
    ['layer', 3],
    ['none', undefined],
  ] as const)('as one model, with %s norm and %s classes', async (norm, classes) => {
    const options = { latent: 4, width: 2, size: 28, channels: 1, norm, classes }
    const model = init(new DCGAN(options), random.key(1))
    const labels = classes === undefined ? [] : [tensor([0, 2, 0], [3], 'int32')]
    const noise = random.normal(random.key(3), [3, 4])
    const { images, logits } = model.predict(noise, ...labels)
    expect([images.shape, logits.shape]).toEqual([[3, 28, 28, 1], [3]])
    expect(await logits.data()).toEqual(await model.discriminator.predict(images, ...labels).data())
    expect([...model.parameters().keys()].filter((name) => !/^(generator|discriminator)\.main\./.test(name))).toEqual(
      [],
    )
    if (classes === undefined) return
    expect(() => model.predict(noise)).toThrow('expected the labels of the images, as it was made with classes: 3')
    const others = await model.predict(noise, tensor([1, 1, 1], [3], 'int32')).images.data()
    expect(others).not.toEqual(await images.data())
  })

  test('doubles by nearest neighbours and a convolution, where it is asked to', () => {
    const generator = init(new DCGANGenerator({ latent: 4, width: 2, size: 32, upsampling: 'resize' }), random.key(1))
    expect(generator.predict(random.normal(random.key(3), [2, 4])).shape).toEqual([2, 32, 32, 3])
    const transposed = [...generator.modules().values()].filter((each) => each instanceof ConvTranspose2d)
    expect(transposed).toHaveLength(1) // the first, to 4 × 4
  })

  test('refuses other sizes', () => {
    expect(() => new DCGANGenerator({ size: 36 })).toThrow(
      'DCGANGenerator: expected a size of 4, 5, 6 or 7 that is doubled at least once, such as 8, 28, 32, 48 or 64, got 36.',
    )
    for (const size of [4, 7, 31, 0, 12.5]) expect(() => new DCGANDiscriminator({ size })).toThrow(RangeError)
  })
})
