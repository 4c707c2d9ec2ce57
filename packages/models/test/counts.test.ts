import { estimateMemory, type InputSpec, type Module } from '@ddnet/layers'
import { engine } from '@ddnet/ops'
import { expect, test } from 'vitest'
import { UNet } from '../src/index.ts'
import { Discriminator, Generator } from './networks/dcgan.ts'
import { GPT } from './networks/gpt.ts'
import { countsOf, Reference } from './reference.ts'

/** By fixtures/make_networks.py: PyTorch's parameters and its own counter of multiply-adds. */
const { counts } = new Reference('networks')

test.each<[string, Module, InputSpec]>([
  ['generator', new Generator(), [3, 1, 1, 100]],
  ['discriminator', new Discriminator(), [3, 64, 64, 3]],
  ['gpt', new GPT(50257, 1024, 768, 12, 12), { shape: [1, 64], dtype: 'int32' }],
])(
  'a summary of %s at full size counts as PyTorch does, has its names, and allocates nothing',
  (name, model, input) => {
    expect(countsOf(model, input)).toEqual(counts[name])
    expect(engine().state.numTensors).toBe(0)
  },
)

test('the memory of U-Net at 8×512×512 is known before anything is there', () => {
  const { parameters, total } = estimateMemory(new UNet(), [8, 512, 512, 3])
  expect(parameters).toBe(16 * 31_037_698)
  // Of the first stage alone: two convolutions' and two norms' results of 64 channels, kept for the backward pass.
  expect(total - parameters).toBeGreaterThan(4 * 8 * 512 * 512 * 64 * 4)
  expect(engine().state.numTensors).toBe(0)
})
