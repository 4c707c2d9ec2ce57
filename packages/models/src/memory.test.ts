import { estimateMemory, init, type ModuleOf, valueAndGrad } from '@ddnet/layers'
import { dispose, engine, random, softmaxCrossEntropy, tensor } from '@ddnet/ops'
import { observeKernels } from '@ddnet/ops/kernels'
import { useBackend } from '@ddnet/testing'
import { beforeAll, describe, expect, test } from 'vitest'
import { DDNet } from './ddnet.ts'
import { SeedDDNet } from './seed-ddnet.ts'

/**
 * The most bytes that tensors held at once on the WASM heap while `run` ran, beyond those before: at any time, and after
 * kernels that are no part of another one.
 */
function peakAllocation(run: () => void): { ever: number; between: number } {
  tensor([0]).dispose() // Emscripten replaces its exports when they are first called
  const { wasm } = engine().backend as unknown as { wasm: { _malloc(size: number): number; _free(at: number): void } }
  const { _malloc, _free } = wasm
  const sizes = new Map<number, number>()
  let held = 0
  let depth = 0
  const peak = { ever: 0, between: 0 }
  wasm._malloc = (size) => {
    const at = _malloc(size)
    sizes.set(at, size)
    held += size
    peak.ever = Math.max(peak.ever, held)
    return at
  }
  wasm._free = (at) => {
    held -= sizes.get(at) ?? 0
    sizes.delete(at)
    _free(at)
  }
  const stop = observeKernels(() => {
    depth++
    return () => {
      if (--depth === 0) peak.between = Math.max(peak.between, held)
    }
  })
  try {
    run()
  } finally {
    stop()
    Object.assign(wasm, { _malloc, _free })
  }
  return peak
}

describe('the memory estimate', () => {
  beforeAll(() => useBackend('wasm'))

  const shape = [4, 32, 32, 3] as const
  const models: [string, () => ModuleOf][] = [
    ['DDNet', () => new DDNet()],
    ['DDNet without norm', () => new DDNet({ normalization: 'none' })],
    ["the article's network", () => new SeedDDNet()],
  ]

  /** A step, and the estimate of what it holds beyond parameters, images and labels. */
  function prepared(bare: ModuleOf) {
    const model = init(bare, random.key(0))
    const images = random.normal(random.key(1), [...shape])
    const labels = tensor([1, 2, 3, 4], [4], 'int32')
    const run = () => ({ loss: softmaxCrossEntropy(model.forward(images), labels) })
    const step = () => {
      const { loss, grads, updates } = valueAndGrad(model, run)
      updates.discard()
      dispose([loss, ...Object.values(grads)])
    }
    return { step, expected: estimateMemory(model, run).activations }
  }

  test.each(models)(
    'of %s is what a step holds at its peak, to a thousandth, and to a quarter with what kernels need inside',
    (_, make) => {
      const { step, expected } = prepared(make())
      const { ever, between } = peakAllocation(step)
      expect(Math.abs(expected / between - 1)).toBeLessThan(1e-3)
      expect(Math.abs(expected / ever - 1)).toBeLessThan(0.25)
    },
  )

  test('of the article as printed, 224 pixels at batch 128, is over 80 GiB', () => {
    const { total } = estimateMemory(new SeedDDNet(), [128, 224, 224, 3])
    expect(total / 2 ** 30).toBeGreaterThan(80)
  })
})
