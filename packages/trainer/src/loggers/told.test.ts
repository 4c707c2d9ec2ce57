import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import fs from 'node:fs/promises'
import path from 'node:path'
import { readTensorBoardRecords } from '@ddnet/formats'
import { defined, itemAt, useBackend } from '@ddnet/testing'
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { folders } from '../../test/folder.ts'
import { run } from '../../test/logged-runs.ts'
import { csv, jsonl, tensorBoard } from '../index.ts'

beforeAll(() => useBackend('cpu'))
afterEach(() => vi.restoreAllMocks())
const newFolder = folders()

describe('a log that is not what its checkpoint says', () => {
  const loggers = {
    jsonl: { file: 'a.jsonl', create: jsonl },
    csv: { file: 'a.csv', create: csv },
    tensorBoard: { file: '', create: tensorBoard },
  } as const
  /** Something that only a part of the log is lost of, so that what is left can still be read. */
  const shortened = (file: string, name: string) => {
    const bytes = readFileSync(file)
    const records = name === 'tensorBoard' ? readTensorBoardRecords(bytes).map((record) => record.bytes) : []
    const firstRecords = Buffer.concat(records.slice(0, 2))
    const lines = bytes.toString().split('\n')
    writeFileSync(file, name === 'tensorBoard' ? firstRecords : `${lines.slice(0, 2).join('\n')}\n`)
  }
  const changes: Record<string, (file: string, name: string) => void> = {
    'is shorter': shortened,
    'is empty': (file) => writeFileSync(file, ''),
    'is missing': (file) => rmSync(file),
  }

  test.each(Object.keys(loggers).flatMap((name) => Object.keys(changes).map((change) => [name, change] as const)))(
    '%s that %s is an error, or is told and goes on',
    async (name, change) => {
      const { file, create } = loggers[name as keyof typeof loggers]
      const folder = newFolder()
      const to = path.join(folder, file)
      const logger = (options: object) => () => create({ to, every: 1, ...options })
      const resume = defined(await run(logger({}), { at: { step: 8, phase: 'validation' }, dies: true }))
      const written = file === '' ? path.join(folder, itemAt(readdirSync(folder), 0)) : to
      changes[change]?.(written, name)
      await expect(run(logger({}), { resume })).rejects.toMatchObject({
        name: 'LogError',
        message: expect.stringMatching(
          / is not what it was: it has \d+ of the \d+ entries that the checkpoint knows of\./,
        ),
      })
      const told: string[] = []
      await run(logger({ onMismatch: (message: string) => told.push(message) }), { resume })
      expect(told).toEqual([expect.stringContaining('entries that the checkpoint knows of')])
    },
  )

  test('that is another run’s, with as many lines, is told', async () => {
    const file = path.join(newFolder(), 'a.jsonl')
    const resume = defined(
      await run(() => jsonl({ to: file }), {
        at: { step: 8, phase: 'validation' },
        dies: true,
      }),
    )
    await fs.writeFile(file, readFileSync(file, 'utf8').replace(/"loss":0?\.?\d/, '"loss":7'))
    await expect(run(() => jsonl({ to: file }), { resume })).rejects.toThrow(
      /its first \d+ entries are not those that the checkpoint knows of/,
    )
  })

  test('that is there twice is once again', async () => {
    const file = path.join(newFolder(), 'a.jsonl')
    const resume = defined(
      await run(() => jsonl({ to: file }), {
        at: { step: 8, phase: 'validation' },
        dies: true,
      }),
    )
    const before = readFileSync(file, 'utf8')
    await fs.writeFile(file, before + before)
    await run(() => jsonl({ to: file }), { resume })
    expect(readFileSync(file, 'utf8').startsWith(before)).toBe(true)
    const keys = readFileSync(file, 'utf8')
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line))
      .map(({ event, step }) => `${event} ${step}`)
    expect(new Set(keys).size).toBe(keys.length)
  })
})

test('a checkpoint waits until the logs before it are on the disk', async () => {
  const folder = newFolder()
  const events: string[] = []
  const open = fs.open
  vi.spyOn(fs, 'open').mockImplementation(async (file, flags, mode) => {
    const handle = await open(file, flags, mode)
    const sync = handle.sync.bind(handle)
    handle.sync = async () => {
      if (String(file).endsWith('a.jsonl')) events.push('flushed')
      await sync()
    }
    return handle
  })
  await run(
    () => {
      const logger = jsonl({ to: path.join(folder, 'a.jsonl'), every: 1 })
      return {
        ...logger,
        onStep: async (event, control) => {
          await logger.onStep?.(event, control)
          events.push('told')
          if (event.step === 4) {
            await control.snapshot()
            events.push('snapshot')
          }
        },
      }
    },
    { at: { step: 4, phase: 'validation' } },
  )
  const at = events.indexOf('snapshot')
  expect(events.slice(at - 2, at)).toEqual(['told', 'flushed'])
})
