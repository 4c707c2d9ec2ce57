import { estimateMemory } from '@ddnet/layers'
import { engine } from '@ddnet/ops'
import { expect, test } from 'vitest'
import { UNet } from '../src/index.ts'

test('the memory of U-Net at 8×512×512 is known before anything is there', () => {
  const before = engine().state.numTensors
  const { parameters, total } = estimateMemory(new UNet(), [8, 512, 512, 3])
  expect(parameters).toBe(16 * 31_037_698)
  // Of the first stage alone: two convolutions' and two norms' results of 64 channels, kept for the backward pass.
  expect(total - parameters).toBeGreaterThan(4 * 8 * 512 * 512 * 64 * 4)
  expect(engine().state.numTensors).toBe(before)
})
