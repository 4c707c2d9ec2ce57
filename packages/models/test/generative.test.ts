import { gradients, type InputSpec, type Module, openPass, Updates, valueAndGrad } from '@ddnet/layers'
import { crossEntropy, mse, negativeElbo, nonSaturatingGan } from '@ddnet/losses'
import {
  add,
  cast,
  concat,
  dispose,
  div,
  engine,
  exp,
  memory,
  mul,
  reshape,
  type Scalar,
  softmax,
  type Tensor,
  tensor,
  tidy,
} from '@ddnet/ops'
import { describeBackends, entryOf, expectTensorClose, itemAt } from '@ddnet/testing'
import { expect, test } from 'vitest'
import {
  addNoise,
  CenterNet,
  centerNetLoss,
  DCGANDiscriminator,
  DCGANGenerator,
  DiffusionUNet,
  DiscreteVAE,
  ddpmCifar10,
  ddpmSchedule,
  denoise,
  GPT,
  VAE,
} from '../src/index.ts'
import { countsOf, filled, images, integers, Reference } from './reference.ts'
import { expectInTable } from './table.ts'

/** PyTorch's, by fixtures/make_networks.py. */
const expected = new Reference('networks')
const { counts } = expected

const small = [1, 32, 32, 3]
const time = { shape: [1], dtype: 'int32' } as const

const before = engine().state.numTensors
/** At full size. */
const variants: Readonly<Record<string, readonly [model: Module, ...inputs: InputSpec[]]>> = {
  generator: [new DCGANGenerator(), [3, 1, 1, 100]],
  discriminator: [new DCGANDiscriminator(), [3, 64, 64, 3]],
  gpt: [new GPT(), { shape: [1, 64], dtype: 'int32' }],
  vae: [new VAE(), small],
  discreteVAE: [new DiscreteVAE({ outChannels: 6 }), small],
  diffusion: [new DiffusionUNet(), small, time],
  ddpmCifar10: [new DiffusionUNet(ddpmCifar10), small, time],
  centernet: [new CenterNet(), [1, 512, 512, 3]],
}

test.each(Object.entries(variants))(
  '%s at full size has PyTorch’s names, shapes, parameters and multiply-adds, and allocates nothing',
  (name, [model, ...inputs]) => {
    expect(countsOf(model, ...inputs)).toEqual(counts[name])
    expect(engine().state.numTensors).toBe(before)
  },
)

test.each([
  ['gpt', 124],
  ['ddpmCifar10', 35.7],
])('%s has the %s million parameters of its paper', (name, millions) => {
  const digits = String(millions).split('.')[1]?.length ?? 0
  expect((entryOf(counts, name).parameters / 1e6).toFixed(digits)).toBe(millions.toFixed(digits))
})

/** All that a model gives, `[batch, …]`. */
const asOne = (...parts: Tensor[]): Tensor =>
  concat(
    parts.map((part) => reshape(part, [itemAt(part.shape, 0), -1])),
    1,
  )

interface Errors {
  readonly logits: number
  readonly gradients: number
}

/** A family's row of docs/models.md, and how it is compared. */
interface Compared {
  readonly name: string
  readonly source: string
  readonly variants: readonly string[]
  readonly compare: () => Promise<Errors>
}

async function compare<M extends Module>(
  name: string,
  model: M,
  logits: (model: M) => Tensor,
  loss: (model: M) => Scalar,
): Promise<Errors> {
  await filled(model)
  const before = memory().numTensors
  const found = tidy(() => logits(model))
  const offBy = await expected.expectLogits(name, found)
  const { updates, ...differentiated } = valueAndGrad(model, () => ({ loss: loss(model) }))
  const gradients = await expected.expectGradients(name, model, differentiated)
  updates.discard()
  dispose([found, differentiated.loss, ...Object.values(differentiated.grads)])
  expect(memory().numTensors, 'tensors left behind').toBe(before)
  model.dispose()
  return { logits: offBy, gradients }
}

const sumOf = (...losses: readonly { readonly mean: Scalar }[]): Scalar =>
  losses.map(({ mean }) => mean).reduce((total, each) => add(total, each))

const families: readonly Compared[] = [
  {
    name: 'DCGAN',
    source: 'PyTorch, by its tutorial',
    variants: ['generator', 'discriminator'],
    compare: async () => {
      const generator = await filled(new DCGANGenerator({ latent: 12, width: 4 }), 'generator.')
      const discriminator = await filled(new DCGANDiscriminator({ width: 4 }), 'discriminator.')
      const noise = images('dcgan.noise', [3, 1, 1, 12])
      const real = images('dcgan.images', [3, 64, 64, 3], 2)
      const logits = await expected.expectLogits(
        'dcgan',
        tidy(() => discriminator.predict(generator.predict(noise))),
      )
      const updates = new Updates()
      const { byDiscriminator, byGenerator } = openPass(
        { training: true, root: { generator, discriminator }, updates },
        () => ({
          byDiscriminator: gradients(discriminator, () => {
            const [ofReal, ofFake] = [discriminator.forward(real), discriminator.forward(generator.forward(noise))]
            return { loss: nonSaturatingGan.discriminator(ofReal, ofFake).mean }
          }),
          byGenerator: gradients(generator, () => ({
            loss: nonSaturatingGan.generator(discriminator.forward(generator.forward(noise))).mean,
          })),
        }),
      )
      updates.discard()
      const errors = [
        await expected.expectGradients('dcgan', discriminator, byDiscriminator, 'discriminator.'),
        await expected.expectGradients('dcgan', generator, byGenerator, 'generator.'),
      ]
      return { logits, gradients: Math.max(...errors) }
    },
  },
  {
    name: 'GPT',
    source: 'PyTorch; 124 million in Radford et al. 2019, as published',
    variants: ['gpt'],
    compare: () => {
      const following = integers('gpt.following', [2, 13], 29)
      const tokens = integers('gpt.tokens', [2, 13], 29)
      return compare(
        'gpt',
        new GPT({ vocabulary: 29, context: 16, width: 24, heads: 3, layers: 2, dropout: 0 }),
        (model) => model.predict(tokens),
        (model) => crossEntropy(model.forward(tokens), following).mean,
      )
    },
  },
  {
    name: 'VAE',
    source: 'PyTorch',
    variants: ['vae'],
    compare: () => {
      const x = add(images('vae.images', [3, 16, 16, 3], 1), 0.5)
      const noise = images('vae.noise', [3, 5])
      return compare(
        'vae',
        new VAE({ size: 16, channels: [4, 6], latent: 5 }),
        (model) => {
          const { reconstruction, mean, logVariance } = model.predict(x)
          return asOne(reconstruction, mean, logVariance)
        },
        (model) => {
          const posterior = model.encode(x)
          const z = add(posterior.mean, mul(exp(mul(0.5, posterior.logVariance)), noise))
          const { reconstruction, kl } = negativeElbo(model.decode(z), x, posterior)
          return sumOf(reconstruction, kl)
        },
      )
    },
  },
  {
    name: 'DiscreteVAE',
    source: 'PyTorch, by the code of Ramesh et al. 2021',
    variants: ['discreteVAE'],
    compare: () => {
      const x = images('discreteVAE.images', [2, 16, 12, 3])
      const noise = images('discreteVAE.noise', [2, 4, 3, 11])
      return compare(
        'discreteVAE',
        new DiscreteVAE({ vocabulary: 11, width: 8, groups: 3, embedding: 6 }),
        (model) => {
          const { reconstruction, logits } = model.predict(x)
          return asOne(reconstruction, logits)
        },
        (model) => {
          const logits = model.encoder.forward(x)
          const codes = softmax(div(add(logits, noise), 0.5))
          const { reconstruction, kl } = negativeElbo(model.decode(codes), x, { logits }, { likelihood: 'gaussian' })
          return sumOf(reconstruction, kl)
        },
      )
    },
  },
  {
    name: 'DiffusionUNet',
    source: 'PyTorch; 35.7 million in Ho et al. 2020',
    variants: ['diffusion', 'ddpmCifar10'],
    compare: () => {
      const clean = images('diffusion.images', [2, 8, 12, 3], 2)
      const noise = images('diffusion.noise', [2, 8, 12, 3])
      const times = tensor([3, 871], [2], 'int32')
      return compare(
        'diffusion',
        new DiffusionUNet({ channels: 8, multipliers: [1, 2, 2], blocks: 2, groups: 4 }),
        (model) => model.predict(noise, times),
        (model) => mse(model.forward(addNoise(ddpmSchedule(), clean, noise, times), times), noise).mean,
      )
    },
  },
  {
    name: 'CenterNet',
    source: 'PyTorch, by the code of Zhou et al. 2019',
    variants: ['centernet'],
    compare: () => {
      const x = images('centerNet.images', [3, 64, 96, 3])
      const targets = {
        heatMap: div(cast(integers('centerNet.heatMap', [3, 8, 12, 2], 9), 'float32'), 8),
        centres: cast(integers('centerNet.centres', [3, 8, 12, 1], 2), 'float32'),
        size: images('centerNet.size', [3, 8, 12, 2]),
        offset: images('centerNet.offset', [3, 8, 12, 2]),
      }
      return compare(
        'centerNet',
        new CenterNet({ classes: 2, width: 8, deconv: [8, 6], hidden: 6 }),
        (model) => {
          const { heatMap, size, offset } = model.predict(x)
          return asOne(heatMap, size, offset)
        },
        (model) => {
          const { heatMap, size, offset } = centerNetLoss(model.forward(x), targets)
          return sumOf(heatMap, size, offset)
        },
      )
    },
  },
]

describeBackends('with PyTorch’s weights', (backend) => {
  test.each(families)(
    '$name has PyTorch’s logits, losses and gradients, and docs/models.md says so',
    async (family) => {
      const errors = await family.compare()
      const parameters = family.variants.map((name) => entryOf(counts, name).parameters.toLocaleString('en'))
      expectInTable(backend, {
        model: family.name,
        variants: family.variants.join(', '),
        parameters: parameters.join('; '),
        source: family.source,
        cases: 1,
        ...errors,
      })
    },
  )

  test('denoising without noise on the way makes PyTorch’s pictures', async () => {
    const model = await filled(new DiffusionUNet({ channels: 8, multipliers: [1, 2, 2], blocks: 2, groups: 4 }))
    const noise = images('diffusion.noise', [2, 8, 12, 3])
    const before = memory().numTensors
    const schedule = ddpmSchedule()
    const made = denoise(model, schedule, noise, { steps: 4, eta: 0 })
    expect(memory().numTensors).toBe(before + 1)
    // An error of what was found counts so much more in the first guess of the image, which is that of the time 750.
    const kept = itemAt(schedule.kept, 750)
    await expectTensorClose(made, expected.tensor('diffusion.ddim'), 2e-6 * Math.sqrt((1 - kept) / kept))
    dispose([made, noise])
    model.dispose()
  })
})
