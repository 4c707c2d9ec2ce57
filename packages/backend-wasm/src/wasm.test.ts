import { add, type Backend, memory, zeros } from '@ddnet/ops'
import { checkFused } from '@ddnet/ops/wasm'
import { expectClose, itemAt } from '@ddnet/testing'
import { engine } from '@tensorflow/tfjs-core'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { trainingStep } from '../test/training-step.ts'
import { wasm } from './wasm.ts'

const hasFused = await checkFused().then(
  () => true,
  () => false,
)

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
    const expected = await trainingStep()
    expect(expected.every((values) => values.every(Number.isFinite))).toBe(true)
    stop()
    for (const threads of [2, 3]) {
      const { device } = await start(threads)
      expect(device).toContain(`${threads} threads`)
      expect(await trainingStep(), `${threads} threads`).toEqual(expected)
      stop()
    }
  })

  test.each([1, 2])('adds no listener for errors to the process, on %d thread(s)', async (threads) => {
    const listeners = () => [process.listeners('uncaughtException'), process.listeners('unhandledRejection')]
    const before = listeners()
    await start(threads)
    expect(listeners()).toEqual(before)
  })

  test('keeps one that runs, and says so when asked for other threads', async () => {
    await start(2)
    expect((await wasm()).device).toContain('2 threads')
    await expect(wasm({ threads: 3 })).rejects.toThrow(/runs already on 2 thread\(s\), not 3. Dispose it first/)
  })

  test.each([0, -1, 1.5])('refuses %d threads', async (threads) => {
    await expect(wasm({ threads })).rejects.toThrow(/expected threads as a whole number of at least 1, got/)
  })

  test.runIf(hasFused)(
    `fused multiply-add: the same bits on 1 and 2 threads, close to the others${hasFused ? '' : ' (no relaxed SIMD here)'}`,
    async () => {
      await start()
      const apart = await trainingStep()
      stop()
      started.backend = await wasm({ fusedMultiplyAdd: true })
      expect(started.backend.device).toContain('fused multiply-add, 1 thread')
      const fused = await trainingStep()
      for (const [index, values] of fused.entries()) expectClose(values, itemAt(apart, index), 1e-4)
      await expect(wasm({ fusedMultiplyAdd: false })).rejects.toThrow('runs already with fused multiply-add')
      stop()
      started.backend = await wasm({ fusedMultiplyAdd: true, threads: 2 })
      expect(await trainingStep()).toEqual(fused)
    },
  )

  test.runIf(!hasFused)(
    `fused multiply-add: an error that leaves nothing running, where there is none${hasFused ? ' (relaxed SIMD is here)' : ''}`,
    async () => {
      await expect(wasm({ fusedMultiplyAdd: true })).rejects.toThrow(/^wasm: this engine has no relaxed SIMD/)
      expect((await start(2)).device).toContain('SIMD, 2 threads')
    },
  )

  test.each([undefined, class {}])('leaves the global Worker as it is: %s', async (worker) => {
    // What else runs in this process may have made one.
    const before = Object.getOwnPropertyDescriptor(globalThis, 'Worker')
    Reflect.deleteProperty(globalThis, 'Worker')
    if (worker !== undefined) Object.assign(globalThis, { Worker: worker })
    await start(2)
    expect('Worker' in globalThis ? globalThis.Worker : undefined).toBe(worker)
    Reflect.deleteProperty(globalThis, 'Worker')
    if (before !== undefined) Object.defineProperty(globalThis, 'Worker', before)
  })

  test('frees every block of the heap that a step takes', async () => {
    await start()
    await trainingStep() // Emscripten puts the exports themselves in place when they are first called
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
    await trainingStep()
    expect(seen.size).toBeGreaterThan(30)
    expect(taken.size).toBe(0)
  })

  test('what is left of a disposed one can be disposed of, and tells whoever reads it', async () => {
    await start()
    const before = memory().numTensors
    const x = zeros([4])
    stop()
    expect(() => x.dataSync()).toThrow(/^wasm: the backend of this tensor was disposed\. Read tensors before/)
    await start()
    expect(() => add(x, 1)).toThrow(/^wasm: the backend of this tensor was disposed\./)
    x.dispose()
    expect(memory().numTensors).toBe(before)
  })

  test('starts again after a trap, whatever it left in the memory', async () => {
    await start()
    const expected = await trainingStep()
    const { asm } = (engine().backend as unknown as { wasm: { asm: { memory: WebAssembly.Memory } } }).wasm
    // The lists of tensors and of free blocks are among the first bytes.
    new Uint8Array(asm.memory.buffer).fill(0xff, 1024, 2 ** 20)
    await expect(trainingStep()).rejects.toThrow(WebAssembly.RuntimeError)
    stop()
    await start()
    expect(await trainingStep()).toEqual(expected)
  })

  test.each([1, 2])(
    'gives the same bits above 2 GiB, where addresses are negative in 32 bits, on %d threads',
    async (threads) => {
      await start(threads)
      const expected = await trainingStep()
      stop()
      await start(threads)
      const { wasm: heap } = engine().backend as unknown as {
        wasm: Record<'_malloc' | '_free', (value: number) => number>
      }
      // Nobody touches them, so that they take no memory of the machine.
      const low = [1e9, 1.2e9].map((bytes) => heap._malloc(bytes))
      const above = zeros([10_000])
      expect(
        (engine().backend as unknown as { getMemoryOffset(id: object): number }).getMemoryOffset(above.dataId),
      ).toBeGreaterThan(2 ** 31)
      expect(await trainingStep()).toEqual(expected)
      above.dispose()
      for (const address of low) heap._free(address)
      expect(await trainingStep()).toEqual(expected)
    },
  )

  test('works after the memory has grown', async () => {
    await start(2)
    const before = await trainingStep()
    const large = zeros([64, 64, 64, 64]) // 64 MiB
    expect(await trainingStep()).toEqual(before)
    large.dispose()
  })
})
