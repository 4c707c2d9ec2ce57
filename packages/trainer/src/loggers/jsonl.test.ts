import { readFileSync } from 'node:fs'
import fs from 'node:fs/promises'
import path from 'node:path'
import { defined, useBackend } from '@ddnet/testing'
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { folders } from '../../test/folder.ts'
import { breaks, failWrites, run } from '../../test/logged-runs.ts'
import { jsonl } from '../index.ts'

beforeAll(() => useBackend('cpu'))
afterEach(() => vi.restoreAllMocks())
const newFolder = folders()

describe('jsonl', () => {
  const read = (file: string) =>
    readFileSync(file, 'utf8')
      .split('\n')
      .slice(0, -1)
      .map((line) => ({ ...JSON.parse(line), seconds: 0, dataSeconds: 0 }))

  test('a line for every other step, each validation and each epoch', async () => {
    const file = path.join(newFolder(), 'run', 'metrics.jsonl')
    await run(() => jsonl({ to: file, every: 2 }))
    const lines = read(file)
    expect(lines.map(({ event, step }) => `${event} ${step}`)).toEqual([
      ...['step 2', 'step 4', 'validation 4', 'epoch 5', 'step 6', 'step 8', 'validation 8', 'step 10', 'epoch 10'],
      ...['step 12', 'validation 12'],
    ])
    expect(lines[0]).toMatchObject({ epoch: 1, batchSize: 8, learningRate: 0.03, loss: expect.any(Number) })
    expect(lines[2]).toMatchObject({
      train: { accuracy: expect.any(Number) },
      validation: { confusion: expect.any(Array) },
    })
  })

  let whole: unknown
  beforeAll(async () => {
    const file = path.join(newFolder(), 'whole.jsonl')
    await run(() => jsonl({ to: file, every: 1 }))
    whole = read(file)
  })

  test.each(breaks)(
    'a run that broke after the $phase of step $step (dies: $dies) has the lines of a whole one',
    async ({ dies, ...at }) => {
      const broken = path.join(newFolder(), 'a.jsonl')
      const resume = defined(await run(() => jsonl({ to: broken, every: 1 }), { at, dies }))
      await fs.appendFile(broken, '{"event":"step","st')
      await run(() => jsonl({ to: broken, every: 1 }), { resume })
      expect(read(broken)).toEqual(whole)
    },
  )

  test('a run from step 0 begins the file anew', async () => {
    const file = path.join(newFolder(), 'a.jsonl')
    for (let times = 0; times < 2; times++) await run(() => jsonl({ to: file, every: 6 }))
    expect(read(file)).toHaveLength(2 + 3 + 2)
  })

  test('a function gets each line', async () => {
    const lines: string[] = []
    await run(() => jsonl({ to: (line) => void lines.push(line), every: 6 }))
    expect(lines.map((line) => JSON.parse(line).event)).toEqual([
      'validation',
      'epoch',
      'step',
      'validation',
      'epoch',
      'step',
      'validation',
    ])
    expect(lines.every((line) => line.endsWith('}\n'))).toBe(true)
  })

  test('a full disk and a foreign line are named', async () => {
    const file = path.join(newFolder(), 'a.jsonl')
    const resume = defined(await run(() => jsonl({ to: file }), { at: { step: 3, phase: 'step' } }))
    const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })
    failWrites(full)
    await expect(run(() => jsonl({ to: file, every: 1 }), { resume })).rejects.toMatchObject({
      name: 'LogError',
      message: `log: could not write ${file}: ENOSPC: no space left on device, write. Free some space or fix the disk.`,
      cause: full,
    })
    vi.restoreAllMocks()
    await fs.writeFile(file, 'step,epoch\n')
    await expect(run(() => jsonl({ to: file }), { resume })).rejects.toThrow(
      `log: line 1 of ${file} is not of this log: "step,epoch". Remove it, or log to another file.`,
    )
  })

  test.each([0, 0.5])('refuses every: %s', (every) => {
    expect(() => jsonl({ to: 'a', every })).toThrow(
      `expected every to be a whole number of steps, at least 1, got ${every}`,
    )
  })
})
