import { init, valueAndGrad } from '@ddnet/layers'
import { crossEntropy, engine, random, type Tensor1D, type Tensor2D, tensor } from '@ddnet/ops'
import { useBackend } from '@ddnet/testing'
import { beforeAll, describe, expect, test } from 'vitest'
import { DDNet } from './ddnet.ts'
import { estimateMemory } from './memory.ts'
import { SeedDDNet } from './seed-ddnet.ts'

/** The most bytes that tensors held at once on the WASM heap while `run` ran, beyond those before. */
function peakAllocation(run: () => void): number {
  tensor([0]).dispose() // Emscripten replaces its exports when they are first called
  const { wasm } = engine().backend as unknown as { wasm: { _malloc(size: number): number; _free(at: number): void } }
  const { _malloc, _free } = wasm
  const sizes = new Map<number, number>()
  let held = 0
  let peak = 0
  wasm._malloc = (size) => {
    const at = _malloc(size)
    sizes.set(at, size)
    held += size
    peak = Math.max(peak, held)
    return at
  }
  wasm._free = (at) => {
    held -= sizes.get(at) ?? 0
    sizes.delete(at)
    _free(at)
  }
  try {
    run()
  } finally {
    Object.assign(wasm, { _malloc, _free })
  }
  return peak
}

describe('the memory estimate', () => {
  beforeAll(() => useBackend('wasm'))

  const shape = [4, 32, 32, 3] as const
  test.each([
    ['DDNet', () => new DDNet()],
    ['DDNet without norm', () => new DDNet({ normalization: 'none' })],
    ["the article's network", () => new SeedDDNet()],
  ])('of %s is within a quarter of what a step really holds at its peak', (_, make) => {
    const model = init(make(), random.key(0))
    const images = random.normal(random.key(1), [...shape])
    const labels = tensor([1, 2, 3, 4], [4], 'int32') as Tensor1D
    const peak = peakAllocation(() => {
      const { loss, grads, updates } = valueAndGrad(model, () => ({
        loss: crossEntropy(model.forward(images) as Tensor2D, labels),
      }))
      updates.discard()
      for (const tensor of [loss, ...Object.values(grads)]) tensor.dispose()
    })
    // Parameters and images existed before; Adam, and with it the moments, comes after.
    const parameters = [...model.parameters().values()].reduce((total, { value }) => total + value.size * 4, 0)
    const expected = estimateMemory(model, shape).activations - images.size * 4 + parameters
    expect(expected / peak).toBeGreaterThan(0.8)
    expect(expected / peak).toBeLessThan(1.25)
  })

  test('of the article as printed, 224 pixels at batch 128, is over 80 GiB', () => {
    const { total } = estimateMemory(new SeedDDNet(), [128, 224, 224, 3])
    expect(total / 2 ** 30).toBeGreaterThan(80)
  })
})
