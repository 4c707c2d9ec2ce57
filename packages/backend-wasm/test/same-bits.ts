import type { Backend } from '@ddnet/ops'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { wasm } from '../src/wasm.ts'

/** A test that what `compute` gives on one thread has the same bits on two and on three. */
export function testSameBits(name: string, compute: () => Promise<Float32Array[]>): void {
  const started: { backend?: Backend } = {}
  beforeAll(async () => (await wasm()).dispose()) // whatever other files left running
  afterEach(() => {
    started.backend?.dispose()
    delete started.backend
  })
  afterAll(async () => void (await wasm()))

  test(name, async () => {
    started.backend = await wasm({ threads: 1 })
    const expected = await compute()
    expect(expected.every((values) => values.every(Number.isFinite))).toBe(true)
    for (const threads of [2, 3]) {
      started.backend.dispose()
      started.backend = await wasm({ threads })
      expect(started.backend.device).toContain(`${threads} threads`)
      expect(await compute(), `${threads} threads`).toEqual(expected)
    }
  })
}
