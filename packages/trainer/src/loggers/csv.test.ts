import { readFileSync } from 'node:fs'
import fs from 'node:fs/promises'
import path from 'node:path'
import { defined, useBackend } from '@ddnet/testing'
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { folders } from '../../test/folder.ts'
import { breaks, failWrites, run } from '../../test/logged-runs.ts'
import { csv } from '../index.ts'

beforeAll(() => useBackend('cpu'))
afterEach(() => vi.restoreAllMocks())
const newFolder = folders()

describe('csv', () => {
  const read = (file: string) => readFileSync(file, 'utf8')
  const header = 'step,epoch,train/loss,train/accuracy,validation/loss,validation/accuracy'

  test('a row for each validation, and for each epoch without one', async () => {
    const file = path.join(newFolder(), 'run', 'metrics.csv')
    await run(() => csv({ to: file }))
    const [first, ...rows] = read(file).trimEnd().split('\n')
    expect(first).toBe(header)
    expect(rows.map((row) => row.split(',').slice(0, 2).join())).toEqual(['4,1', '5,1', '8,2', '10,2', '12,3'])
    expect(rows[0]).toMatch(/^4,1,\d\.\d+,0\.\d+,\d\.\d+,0\.\d+$/)
    expect(rows[1]).toMatch(/^5,1,\d\.\d+,0\.\d+,,$/)
  })

  test('of a run without validation, a row for each epoch', async () => {
    let table = ''
    const to = (text: string) => {
      table = text
    }
    await run(() => csv({ to }), { validates: false })
    expect(table.split('\n').map((row) => row.split(',').slice(0, 2).join())).toEqual(['step,epoch', '5,1', '10,2', ''])
  })

  let whole: string
  beforeAll(async () => {
    const file = path.join(newFolder(), 'whole.csv')
    await run(() => csv({ to: file }))
    whole = read(file)
  })

  test.each(breaks)(
    'a run that broke after the $phase of step $step (dies: $dies) has the table of a whole one',
    async ({ dies, ...at }) => {
      const broken = path.join(newFolder(), 'a.csv')
      const resume = defined(await run(() => csv({ to: broken }), { at, dies }))
      await run(() => csv({ to: broken }), { resume })
      expect(read(broken)).toBe(whole)
    },
  )

  test('a full disk and a foreign table are named', async () => {
    const file = path.join(newFolder(), 'a.csv')
    const resume = defined(await run(() => csv({ to: file }), { at: { step: 3, phase: 'step' } }))
    const before = read(file)
    failWrites(new Error('ENOSPC: no space left on device, open'))
    await expect(run(() => csv({ to: file }), { resume })).rejects.toThrow(`log: could not write ${file}: ENOSPC`)
    vi.restoreAllMocks()
    expect(read(file)).toBe(before)
    await fs.writeFile(file, 'a,b\n1,2\n')
    await expect(run(() => csv({ to: file }), { resume })).rejects.toThrow('begin with step,epoch, got a,b.')
  })
})
