import { describe, expect, test } from 'vitest'
import type { JobOf } from './wasm-kernels.ts'
import { threadedRunner } from './wasm-threads.ts'
import { type StartWorker, startNodeWorker } from './wasm-workers.ts'

const memory = new WebAssembly.Memory({ initial: 1, maximum: 65_536, shared: true })

/** The address of a job that is all zeros: no blocks to tile. */
const nothing = 1024 as JobOf<'tile'>

const idle = { release: () => {} }
const silent: StartWorker = () => ({ ready: new Promise(() => {}), ...idle })
const lazy: StartWorker = () => ({ ready: Promise.resolve(), ...idle })
const broken: StartWorker = () => ({ ready: Promise.reject(new Error('no stack left.')), ...idle })

/** Starts Node's workers with kernels that throw. */
const failing: StartWorker = (script, shared) => startNodeWorker(script, { ...shared, names: [] })

describe('threads of the kernels', () => {
  test('run jobs until they are stopped', async () => {
    const runner = await threadedRunner(memory, 3)
    expect(runner.parts).toBe(3)
    for (let job = 0; job < 100; job++) runner.run('tile', nothing)
    runner.stop()
  })

  test('have a block of their own for each pool', async () => {
    const blocks: unknown[] = []
    const watched: StartWorker = (_, shared) => {
      blocks.push((shared as { control: Int32Array }).control.buffer)
      return { ready: Promise.resolve(), ...idle }
    }
    for (let pool = 0; pool < 2; pool++) await threadedRunner(memory, 3, { startWorker: watched })
    expect(new Set(blocks).size).toBe(2)
    expect(blocks.length).toBe(4)
  })

  test.each([
    ['do not answer', silent, 'they did not answer within 0.05 s.'],
    ['fail', broken, 'no stack left.'],
  ])('that %s at the start are an error, not a wait', async (_, startWorker, reason) => {
    await expect(threadedRunner(memory, 2, { startWorker, patienceMs: 50 })).rejects.toMatchObject({
      name: 'BackendUnavailable',
      message: `wasm: not all of 2 threads could start: ${reason}`,
    })
  })

  test('that do not finish are an error by name, also for all later jobs', async () => {
    const runner = await threadedRunner(memory, 3, { startWorker: lazy, patienceMs: 50 })
    const late = 'wasm: 2 of 2 other threads did not finish tile within 0.05 s. Dispose the backend and start it again.'
    expect(() => runner.run('tile', nothing)).toThrow(late)
    expect(() => runner.run('adam', 1024 as JobOf<'adam'>)).toThrow(late)
  })

  test('that fail are an error by name', async () => {
    const runner = await threadedRunner(memory, 2, { startWorker: failing })
    expect(() => runner.run('tile', nothing)).toThrow(
      'wasm: tile failed on another thread; its error is printed above.',
    )
  })
})
