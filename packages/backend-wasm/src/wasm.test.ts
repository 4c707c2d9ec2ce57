import {
  adamUpdate,
  type Backend,
  batchNorm,
  conv2d,
  convTranspose2d,
  maxPool2d,
  random,
  type Tensor,
  type Tensor1D,
  type Tensor4D,
  tidy,
  toHost,
  valueAndGrads,
  zeros,
} from '@ddnet/ops'
import { engine } from '@tensorflow/tfjs-core'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { wasm } from './wasm.ts'

/** Odd sizes, so that shares differ; larger than what is done on one thread alone. */
async function train(): Promise<Float32Array[]> {
  const draw = (seed: number, shape: number[]): Tensor => random.normal(random.key(seed), shape)
  const inputs = tidy(() => [
    draw(1, [5, 14, 18, 3]),
    draw(2, [3, 3, 3, 37]),
    draw(3, [37]),
    draw(4, [37]),
    draw(5, [3, 3, 20, 37]),
    random.uniform(random.key(6), [3, 3, 20, 37]),
  ]) as Tensor[]
  const differentiable = inputs.slice(0, 5)
  const { value, grads } = valueAndGrads(() => {
    const [x, filter, weight, bias, deconvolution] = inputs as [Tensor4D, Tensor4D, Tensor1D, Tensor1D, Tensor4D]
    const norm = { weight, bias, runningMean: weight, runningVar: bias, training: true, activation: 'relu' } as const
    const features = batchNorm(conv2d(x, filter, { padding: 1 }), norm).y
    const pooled = maxPool2d(features, { kernelSize: 2 })
    return convTranspose2d(pooled, deconvolution, { stride: 2, padding: 1, outputPadding: 1 })
  }, differentiable)
  const [parameter, gradient] = [inputs[4], grads[4]] as [Tensor, Tensor]
  const attributes = {
    learningRate: 0.1,
    beta1: 0.9,
    beta2: 0.99,
    eps: 1e-8,
    weightDecay: 0,
    decoupled: false,
    step: 1,
  }
  const updated = adamUpdate({ parameter, gradient, m: gradient, v: inputs[5] as Tensor }, attributes)
  const results = await Promise.all([value, ...grads, ...updated].map(toHost))
  for (const used of [...inputs, value, ...grads, ...updated]) used.dispose()
  return results.map(({ data }) => data as Float32Array)
}

describe('wasm', () => {
  const started: { backend?: Backend } = {}
  const start = async (threads?: number): Promise<Backend> => {
    started.backend = await wasm(threads === undefined ? {} : { threads })
    return started.backend
  }
  beforeAll(async () => (await wasm()).dispose()) // whatever other files left running
  const stop = (): void => {
    started.backend?.dispose()
    delete started.backend
  }
  afterEach(stop)
  afterAll(async () => void (await wasm()))

  test('gives the same bits on one, two and three threads', async () => {
    await start()
    const expected = await train()
    expect(expected.every((values) => values.every(Number.isFinite))).toBe(true)
    stop()
    for (const threads of [2, 3]) {
      const { device } = await start(threads)
      expect(device).toContain(`${threads} threads`)
      expect(await train(), `${threads} threads`).toEqual(expected)
      stop()
    }
  })

  test('keeps one that runs, and says so when asked for other threads', async () => {
    await start(2)
    expect((await wasm()).device).toContain('2 threads')
    await expect(wasm({ threads: 3 })).rejects.toThrow(/runs already on 2 thread\(s\), not 3. Dispose it first/)
  })

  test.each([0, -1, 1.5])('refuses %d threads', async (threads) => {
    await expect(wasm({ threads })).rejects.toThrow(/expected threads as a whole number of at least 1, got/)
  })

  test('leaves no Worker in the global scope', async () => {
    await start(2)
    expect('Worker' in globalThis).toBe(false)
  })

  test('frees every block of the heap that a step takes', async () => {
    await start()
    await train() // Emscripten puts the exports themselves in place when they are first called
    const { wasm: heap } = engine().backend as unknown as {
      wasm: Record<'_malloc' | '_free', (value: number) => number>
    }
    const taken = new Set<number>()
    const seen = new Set<number>()
    const { _malloc: malloc, _free: free } = heap
    heap._malloc = (bytes) => {
      const address = malloc(bytes)
      taken.add(address)
      seen.add(address)
      return address
    }
    heap._free = (address) => {
      taken.delete(address)
      return free(address)
    }
    await train()
    expect(seen.size).toBeGreaterThan(30)
    expect(taken.size).toBe(0)
  })

  test('works after the memory has grown', async () => {
    await start(2)
    const before = await train()
    const large = zeros([64, 64, 64, 64]) // 64 MiB
    expect(await train()).toEqual(before)
    large.dispose()
  })
})
