import { gradients, openPass, Updates, valueAndGrad } from '@ddnet/layers'
import { crossEntropy, dispose, memory, reshape, tidy } from '@ddnet/ops'
import { describeBackends } from '@ddnet/testing'
import { expect, test } from 'vitest'
import { Discriminator, discriminatorLoss, Generator, generatorLoss } from './networks/dcgan.ts'
import { GPT } from './networks/gpt.ts'
import { filled, images, integers, Reference } from './reference.ts'

/** PyTorch's, by fixtures/make_networks.py. */
const expected = new Reference('networks')

describeBackends('written anew, with PyTorch’s weights, has PyTorch’s logits, losses and gradients:', () => {
  test('DCGAN', async () => {
    const generator = await filled(new Generator({ latent: 12, width: 4 }), 'generator.')
    const discriminator = await filled(new Discriminator({ width: 4 }), 'discriminator.')
    const noise = images('dcgan.noise', [3, 1, 1, 12])
    const real = images('dcgan.images', [3, 64, 64, 3], 2)
    await expected.expectLogits(
      'dcgan',
      tidy(() => discriminator.predict(generator.predict(noise))),
    )
    const updates = new Updates()
    const [byDiscriminator, byGenerator] = openPass(
      { training: true, root: { generator, discriminator }, updates },
      () => {
        const fake = generator.forward(noise)
        return [
          gradients(discriminator, () => ({ loss: discriminatorLoss(discriminator, real, fake) })),
          gradients(generator, () => ({ loss: generatorLoss(discriminator, generator.forward(noise)) })),
        ]
      },
    )
    updates.discard()
    await expected.expectGradients('dcgan', discriminator, byDiscriminator, 'discriminator.')
    await expected.expectGradients('dcgan', generator, byGenerator, 'generator.')
  })

  test('GPT', async () => {
    const model = await filled(new GPT(29, 16, 24, 3, 2, 0))
    const following = reshape(integers('gpt.following', [2, 13], 29), [-1])
    const tokens = integers('gpt.tokens', [2, 13], 29)
    const before = memory().numTensors
    const logits = model.predict(tokens)
    await expected.expectLogits('gpt', logits)
    const { updates, ...found } = valueAndGrad(model, () => ({
      loss: crossEntropy(reshape(model.forward(tokens), [-1, 29]), following),
    }))
    await expected.expectGradients('gpt', model, found)
    updates.discard()
    dispose([logits, found.loss, ...Object.values(found.grads)])
    expect(memory().numTensors).toBe(before)
    model.dispose()
  })
})
