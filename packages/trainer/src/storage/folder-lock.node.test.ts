import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { diskStorage } from './storage.node.ts'

let folder: string
let file: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ddnet-lock-'))
  file = join(folder, 'writer.json')
})
afterEach(() => rmSync(folder, { recursive: true }))

const lock = () => diskStorage(folder, 'runs/a').lock('ddnet train cifar10')
const read = () => JSON.parse(readFileSync(file, 'utf8'))
/** The lock of this process, changed. */
async function left(change: Record<string, unknown>): Promise<void> {
  await lock()
  writeFileSync(file, JSON.stringify({ ...read(), ...change }))
}

test('names the process, and goes with it', async () => {
  const { release } = await lock()
  expect(read()).toMatchObject({ pid: process.pid, command: 'ddnet train cifar10' })
  await release()
  expect(readdirSync(folder)).toEqual([])
})

test('a second one is refused, with the first one’s process and what to do', async () => {
  await lock()
  await expect(lock()).rejects.toThrow(
    new RegExp(
      `^runs/a is being trained by process ${process.pid} on .*, since .* \\(ddnet train cifar10\\)\\. Wait for it, or stop it: kill ${process.pid}$`,
    ),
  )
  expect(readdirSync(folder)).toEqual(['writer.json'])
})

test('of twenty at once one alone has it', async () => {
  const all = await Promise.allSettled(Array.from({ length: 20 }, lock))
  expect(all.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
})

test('that of a dead process is taken over, by one alone', async () => {
  const { pid } = spawnSync('true')
  for (let round = 0; round < 10; round++) {
    await left({ pid })
    const all = await Promise.allSettled(Array.from({ length: 5 }, lock))
    expect(all.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    rmSync(file)
    expect(readdirSync(folder)).toEqual([])
  }
})

test.skipIf(!existsSync('/proc/self/stat'))(
  'a number that another process has now is not the writer’s (needs /proc)',
  async () => {
    const other = spawn('sleep', ['60'])
    try {
      await left({ pid: other.pid })
      await lock()
      expect(read().pid).toBe(process.pid)
    } finally {
      other.kill()
    }
  },
)

test('a machine that was started again has no writer of before', async () => {
  await left({ boot: 'before' })
  await lock()
})

test.each([
  ['host', 'elsewhere'],
  ['machine', 'another of this name'],
  ['space', 'pid:[1]'],
])('where the %s is another one nobody can tell: refused, with the file to remove', async (name, value) => {
  await left({ [name]: value })
  await expect(lock()).rejects.toThrow(`If it does not run any more, remove runs/a/writer.json and try again.`)
  rmSync(file)
  await lock()
})

test.each(['', '{', 'null', '{"pid":"1"}'])('a lock that names nobody (%s) is refused', async (text) => {
  writeFileSync(file, text)
  await expect(lock()).rejects.toThrow(
    `does not say which. Where there is none, remove runs/a/writer.json and try again.`,
  )
})

test('releasing leaves another one’s lock alone', async () => {
  const { release } = await lock()
  writeFileSync(file, '{"pid":1}')
  await release()
  expect(existsSync(file)).toBe(true)
})
