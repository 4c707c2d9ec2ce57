import { estimateMemory, type InputSpec, type Module, summary } from '@ddnet/layers'
import { engine } from '@ddnet/ops'
import { defined, jsonFixture } from '@ddnet/testing'
import { expect, test } from 'vitest'
import { Discriminator, Generator } from './networks/dcgan.ts'
import { GPT } from './networks/gpt.ts'
import { ResNet18 } from './networks/resnet18.ts'
import { UNet } from './networks/unet.ts'

/** By fixtures/make_networks.py: PyTorch's parameters and its own counter of multiply-adds. */
const expected = jsonFixture('networks/counts.json') as Record<string, { parameters: number; multiplyAdds: number }>

test.each<[string, Module, InputSpec]>([
  ['unet', new UNet(3, 4), [2, 64, 96, 3]],
  ['resnet18', new ResNet18(), [1, 224, 224, 3]],
  ['generator', new Generator(), [3, 1, 1, 100]],
  ['discriminator', new Discriminator(), [3, 64, 64, 3]],
  ['gpt', new GPT(50257, 1024, 768, 12, 12), { shape: [1, 64], dtype: 'int32' }],
])('a summary of %s at full size counts as PyTorch does, and allocates nothing', (name, model, input) => {
  const { parameters, multiplyAdds } = summary(model, input)
  expect({ parameters, multiplyAdds }).toEqual(expected[name])
  expect(engine().state.numTensors).toBe(0)
})

test('the memory of U-Net at 8×512×512 is known before anything is there', () => {
  const { parameters, total } = estimateMemory(new UNet(3, 4), [8, 512, 512, 3])
  expect(parameters).toBe(16 * defined(expected['unet']?.parameters))
  // Of the first stage alone: two convolutions' and two norms' results of 64 channels, kept for the backward pass.
  expect(total - parameters).toBeGreaterThan(4 * 8 * 512 * 512 * 64 * 4)
  expect(engine().state.numTensors).toBe(0)
})
