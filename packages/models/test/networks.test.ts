import { gradients, init, type Module, type ModuleOf, openPass, Parameter, Updates, valueAndGrad } from '@ddnet/layers'
import {
  clone,
  crossEntropy,
  dispose,
  type HostTensor,
  memory,
  random,
  reshape,
  type Scalar,
  type Tensor,
  tensor,
  tidy,
} from '@ddnet/ops'
import { defined, describeBackends, entryOf, floats, floatsOf, itemAt, readTensors } from '@ddnet/testing'
import { expect, test } from 'vitest'
import { Discriminator, discriminatorLoss, Generator, generatorLoss } from './networks/dcgan.ts'
import { GPT } from './networks/gpt.ts'
import { ResNet18 } from './networks/resnet18.ts'
import { UNet } from './networks/unet.ts'

/** PyTorch's, by fixtures/make_networks.py. */
const expected = readTensors('networks/expected.safetensors')

const sizeOf = (shape: readonly number[]) => shape.reduce((product, size) => product * size, 1)

/** In [−0.5, 0.5): the formula of fixtures/make_networks.py. */
function uniform(name: string, size: number): Float64Array {
  let start = 2166136261
  for (const byte of new TextEncoder().encode(name)) start = Math.imul(start ^ byte, 16777619)
  return Float64Array.from({ length: size }, (_, at) => {
    let x = (start + Math.imul(at, 0x9e3779b9)) | 0
    x = Math.imul(x ^ (x >>> 16), 0x85ebca6b)
    x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35)
    return ((x ^ (x >>> 16)) >>> 8) / 2 ** 24 - 0.5
  })
}

function weights(name: string, shape: readonly number[]): Float32Array {
  const scale = 4 / Math.sqrt(sizeOf(shape.slice(1)))
  const value = (u: number): number => {
    if (shape.length > 1) return u * scale
    return name.endsWith('running_var') ? 1 + u : name.endsWith('weight') ? 1 + u * 0.5 : u * 0.5
  }
  return Float32Array.from(uniform(name, sizeOf(shape)), value)
}

/** Loads the formula's weights, in PyTorch's layouts; what is shared has those of its first name. */
async function filled<M extends Module>(model: M, prefix = ''): Promise<M> {
  const names = [...model.parameters().keys(), ...model.buffers().keys()]
  const state = Object.entries(await init(model, random.key(0)).stateDict()).flatMap(
    ([name, host]): [string, HostTensor][] => {
      if (host.dtype === 'int64') return [[name, host]]
      return names.includes(name)
        ? [[name, { ...host, dtype: 'float32', data: weights(prefix + name, host.shape) }]]
        : []
    },
  )
  model.loadStateDict(Object.fromEntries(state))
  return model
}

const images = (name: string, shape: number[], scale = 4): Tensor =>
  tensor(
    Float32Array.from(uniform(name, sizeOf(shape)), (u) => u * scale),
    shape,
  )
const integers = (name: string, shape: number[], below: number): Tensor =>
  tensor(
    Int32Array.from(uniform(name, sizeOf(shape)), (u) => Math.trunc((u + 0.5) * below)),
    shape,
    'int32',
  )

async function expectLogits(name: string, logits: Tensor): Promise<void> {
  const { shape, data } = entryOf(expected, `${name}.logits`)
  expect(logits.shape).toEqual(shape)
  const found = await floatsOf(logits)
  const scale = Math.max(1, ...Array.from(data, Math.abs))
  const worst = found.reduce((most, value, at) => Math.max(most, Math.abs(value - itemAt(data, at))), 0)
  expect(worst / scale, 'logits').toBeLessThanOrEqual(2e-6)
}

/** @param inner the model's name in the fixture, with a dot behind it */
async function expectGradients(
  name: string,
  model: Module,
  { loss, grads }: { loss: Scalar; grads: Record<string, Tensor> },
  inner = '',
): Promise<void> {
  const [wanted] = entryOf(expected, `${name}.${inner}loss`).data
  expect(Math.abs(itemAt(await loss.data(), 0) - defined(wanted)) / Math.abs(defined(wanted))).toBeLessThan(2e-6)
  expect(Object.keys(grads)).toEqual([...model.parameters().keys()])
  for (const [parameter, gradient] of Object.entries(grads)) {
    const owner = model.parameters().get(parameter)
    const held = new Parameter(gradient.shape, owner?.layout ? { layout: owner.layout } : {}) // knows PyTorch's order
    held.assign(clone(gradient))
    const values = floats(await held.toTorch())
    held.dispose()
    const [norm, product] = entryOf(expected, `${name}.sums.${inner}${parameter}`).data
    const samples = entryOf(expected, `${name}.samples.${inner}${parameter}`).data
    const along = uniform(inner + parameter, values.length)
    const off = (difference: number) => Math.abs(difference) / defined(norm)
    const length = Math.sqrt(along.reduce((sum, each) => sum + each * each, 0))
    const sum = values.reduce((sum, value, at) => sum + value * itemAt(along, at), 0)
    expect(off(Math.hypot(...chunked(values)) - defined(norm)), `norm of ${parameter}`).toBeLessThan(1e-5)
    expect(off(sum - defined(product)) / length, `product of ${parameter}`).toBeLessThan(1e-5)
    for (const [index, sample] of samples.entries()) {
      const value = itemAt(values, Math.floor((index * values.length) / 16))
      expect(off(value - sample), `sample ${index} of ${parameter}`).toBeLessThan(1e-5)
    }
  }
}

/** Norms of parts: `Math.hypot` takes no hundred thousand arguments. */
function chunked(values: Float32Array): number[] {
  const norms: number[] = []
  for (let at = 0; at < values.length; at += 1000) norms.push(Math.hypot(...values.subarray(at, at + 1000)))
  return norms
}

describeBackends('written anew, with PyTorch’s weights, has PyTorch’s logits, losses and gradients:', () => {
  async function compare(name: string, model: ModuleOf, x: Tensor, loss: (logits: Tensor) => Scalar): Promise<void> {
    const before = memory().numTensors
    const logits = model.predict(x)
    await expectLogits(name, logits)
    const { updates, ...found } = valueAndGrad(model, () => ({ loss: loss(model.forward(x)) }))
    await expectGradients(name, model, found)
    updates.discard()
    dispose([logits, found.loss, ...Object.values(found.grads)])
    expect(memory().numTensors).toBe(before)
    model.dispose()
  }

  test('U-Net', async () => {
    const labels = integers('unet.labels', [2, 16, 24], 4)
    await compare('unet', await filled(new UNet(3, 4, [8, 16, 24])), images('unet.images', [2, 16, 24, 3]), (logits) =>
      crossEntropy(reshape(logits, [-1, 4]), reshape(labels, [-1])),
    )
  })

  test('ResNet-18', async () => {
    const model = await filled(new ResNet18({ classes: 10, width: 16 }))
    const labels = integers('resnet18.labels', [4], 10)
    await compare('resnet18', model, images('resnet18.images', [4, 64, 64, 3]), (logits) =>
      crossEntropy(logits, labels),
    )
  })

  test('DCGAN', async () => {
    const generator = await filled(new Generator({ latent: 12, width: 4 }), 'generator.')
    const discriminator = await filled(new Discriminator({ width: 4 }), 'discriminator.')
    const noise = images('dcgan.noise', [3, 1, 1, 12])
    const real = images('dcgan.images', [3, 64, 64, 3], 2)
    await expectLogits(
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
    await expectGradients('dcgan', discriminator, byDiscriminator, 'discriminator.')
    await expectGradients('dcgan', generator, byGenerator, 'generator.')
  })

  test('GPT', async () => {
    const model = await filled(new GPT(29, 16, 24, 3, 2, 0))
    const following = reshape(integers('gpt.following', [2, 13], 29), [-1])
    await compare('gpt', model, integers('gpt.tokens', [2, 13], 29), (logits) =>
      crossEntropy(reshape(logits, [-1, 29]), following),
    )
  })
})
