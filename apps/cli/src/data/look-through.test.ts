import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { lookThrough } from './look-through.ts'

const folder = mkdtempSync(join(tmpdir(), 'ddnet-look-'))
beforeAll(() => {
  for (const name of ['a', 'b/c']) {
    mkdirSync(join(folder, name), { recursive: true })
    for (let file = 0; file < 3; file++) writeFileSync(join(folder, name, `${file}.jpg`), '')
  }
})
afterAll(() => rmSync(folder, { recursive: true }))

/** Standard error that keeps what is written to it. */
function written(isTTY: boolean) {
  const lines: string[] = []
  return { lines, io: { env: {}, stderr: { write: (text: string) => lines.push(text), isTTY, columns: 60 } } }
}

test('a folder with more files than images are taken from is refused where it goes beyond, with what to name', async () => {
  const { io } = written(false)
  const look = (limit: number) => lookThrough(folder, 'photos', io, (files) => files.list(), { limit })
  expect(await look(6)).toHaveLength(6)
  await expect(look(5)).rejects.toThrow(
    `photos has more than 5 files, the last of them in ${folder}/b/c: expected a folder of images. Name the one that has them.`,
  )
})

test('it is told how many files there are so far: every ten seconds in a log', async () => {
  const { io, lines } = written(false)
  let seconds = 0
  const now = () => {
    seconds += 4
    return seconds * 1000
  }
  await lookThrough(folder, 'photos', io, (files) => files.list(), { now })
  expect(lines.join('')).toBe(
    'data      looking through photos: 3 files so far\ndata      looking through photos: 6 files so far\n',
  )
})

test('… and in a terminal at once, in one line that goes away', async () => {
  const { io, lines } = written(true)
  await lookThrough(folder, 'photos', io, (files) => files.list())
  expect(lines.join('')).toContain('looking through photos: 1 files, in ')
  expect(lines.at(-1)).not.toContain('photos')
})
