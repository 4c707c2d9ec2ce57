import { readdirSync } from 'node:fs'
import fs from 'node:fs/promises'
import path from 'node:path'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { folders } from '../../test/folder.ts'
import type { Callback, Control, Snapshot } from '../index.ts'
import { checkpoint, loadCheckpoint } from '../index.ts'

const newFolder = folders()
afterEach(() => vi.restoreAllMocks())

/** A run whose model is its step: saves every step, and each is better than the one before except the last. */
const lastStep = 3
const snapshotOf = (step: number): Snapshot => ({
  step,
  phase: 'step',
  model: { weight: { dtype: 'float32', shape: [2], data: Float32Array.of(step, -step) } },
  optimizer: { step, tensors: { 'm.weight': { dtype: 'float32', shape: [2], data: Float32Array.of(step, step) } } },
  loader: { epoch: 0, position: step },
  key: { high: 0, low: 1 },
  running: null,
})

/** Runs the callback as the trainer would, after a resume too; says after each save that it succeeded. */
async function run(directory: string, { from = 0, saved = (_: number): void => {} } = {}): Promise<void> {
  const callback = checkpoint({ directory, every: 1, keep: 1 }) as Required<Callback>
  let step = from
  const control: Control = {
    stop: () => {},
    snapshot: async () => snapshotOf(step),
    format: (_, value) => String(value),
  }
  const validate = () => {
    const value = step === lastStep ? 0 : step
    const validation = { loss: 1, accuracy: value }
    const monitored = { name: 'accuracy', value, better: 'higher' } as const
    const event = { step, epoch: 1, seconds: 0, train: validation, validation, monitored, learningRate: 0.1 }
    return callback.onValidation(event, control)
  }
  await callback.onStart({ totalSteps: lastStep, stepsPerEpoch: 9, epochs: 1, startStep: from }, control)
  if (from > 0) await validate() // the snapshot's phase is 'step'
  for (step = from + 1; step <= lastStep; step++) {
    expect(callback.needsState(step)).toBe(true)
    const times = { seconds: 0, dataSeconds: 0 }
    await callback.onStep({ step, epoch: 1, loss: 1, learningRate: 1, batchSize: 1, ...times }, control)
    saved(step)
    await validate()
  }
  step = lastStep
  await callback.onEnd({ reason: 'done', step, epoch: 1 }, control)
}

/** Every operation on the disk in turn fails: the `at`-th and, in the same way, all later ones that `counts`. */
function failFrom(at: number, counts: (operation: string) => boolean, error: NodeJS.ErrnoException) {
  let operations = 0
  let healed = false
  const step = (operation: string): void => {
    if (!healed && counts(operation) && ++operations >= at) throw error
  }
  const wrap = (name: 'mkdir' | 'rename' | 'rm' | 'symlink' | 'readdir' | 'readFile') => {
    const real = fs[name] as (...parameters: unknown[]) => Promise<unknown>
    vi.spyOn(fs, name).mockImplementation((async (...parameters: unknown[]) => {
      step(name)
      return real(...parameters)
    }) as never)
  }
  for (const name of ['mkdir', 'rename', 'rm', 'symlink', 'readdir', 'readFile'] as const) wrap(name)
  const realOpen = fs.open
  vi.spyOn(fs, 'open').mockImplementation(async (file, flags) => {
    step(flags === 'w' ? 'create' : 'open')
    const handle = await realOpen(file, flags)
    const { writeFile } = handle
    handle.writeFile = async (data) => {
      // A write that fails has written a part.
      try {
        step('write')
      } catch (error) {
        await writeFile.call(handle, (data as Uint8Array).subarray(0, 10))
        throw error
      }
      return writeFile.call(handle, data)
    }
    handle.sync = async () => step('sync') // flushing changes nothing that this process can see
    return handle
  })
  return {
    failed: () => operations >= at,
    heal: () => {
      healed = true
    },
  }
}

const unbroken = async () => {
  const directory = newFolder()
  await run(directory)
  return readdirSync(directory).sort()
}

describe.each<[string, (operation: string) => boolean, string]>([
  // What a kill leaves: from one operation on, nothing happens any more.
  ['the process dies', () => true, 'EIO'],
  // Reading and removing still work.
  [
    'the disk is full',
    (operation) => ['mkdir', 'create', 'write', 'sync', 'symlink', 'rename'].includes(operation),
    'ENOSPC',
  ],
])('when %s', (_, counts, code) => {
  test('at any operation, the last good checkpoint is there, and the run goes on from it', async () => {
    const expected = await unbroken()
    expect(expected).toEqual(['best', 'index.json', 'last', 'step=000002', 'step=000003'])
    let interruptions = 0
    for (let at = 1; ; at++) {
      const directory = newFolder()
      let saved = 0
      const disk = failFrom(at, counts, Object.assign(new Error(`${code}: injected`), { code }))
      const error = await run(directory, {
        saved: (step) => {
          saved = step
        },
      }).then(
        () => undefined,
        (error: Error) => error,
      )
      disk.heal()
      if (!disk.failed()) {
        expect(error).toBeUndefined()
        break
      }
      interruptions++
      expect(error, `operation ${at}`).toBeDefined()

      const found = await loadCheckpoint(path.join(directory, 'last')).catch(() => undefined)
      const step = found?.step ?? 0
      // What was reported as saved is there; what was being saved may be too.
      expect([saved, saved + 1], `operation ${at}`).toContain(step)
      if (found !== undefined) expect(found).toMatchObject(snapshotOf(step))

      await run(directory, { from: step })
      expect(readdirSync(directory).sort(), `operation ${at}`).toEqual(expected)
      expect(await loadCheckpoint(path.join(directory, 'last'))).toMatchObject(snapshotOf(lastStep))
      expect((await loadCheckpoint(path.join(directory, 'best'))).step).toBe(lastStep - 1)
      vi.restoreAllMocks()
    }
    expect(interruptions).toBeGreaterThan(50)
  })
})

test('a full disk is told with its remedy, the last good checkpoint, and the cause', async () => {
  const directory = newFolder()
  const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })
  let writes = 0
  const disk = failFrom(1, (operation) => operation === 'write' && ++writes > 6, full)
  const error: Error = await run(directory).catch((error) => error)
  expect(disk.failed()).toBe(true)
  expect(error.name).toBe('CheckpointError')
  expect(error.message).toBe(
    `checkpoint: could not write to ${directory}: ENOSPC: no space left on device, write. step=000001 is whole. Free some space or fix the disk, then resume.`,
  )
  expect(error.cause).toBe(full)
})

test('a disk that is full before the first checkpoint leaves nothing to resume', async () => {
  const directory = newFolder()
  failFrom(1, (operation) => operation === 'write', new Error('ENOSPC: no space left on device, write'))
  await expect(run(directory)).rejects.toThrow(
    `checkpoint: could not write to ${directory}: ENOSPC: no space left on device, write. No checkpoint was written before. Free some space or fix the disk, then begin again.`,
  )
})
