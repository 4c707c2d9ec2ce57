import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { readConfigText } from './read-text.ts'

const folder = mkdtempSync(join(tmpdir(), 'ddnet-text-'))
afterAll(() => rmSync(folder, { recursive: true }))
const path = join(folder, 'config.yaml')

test('the mark that some editors put first is none of the text', async () => {
  writeFileSync(path, '\ufeffsteps: 4\r\nname: über\r\n')
  expect(await readConfigText(path)).toBe('steps: 4\r\nname: über\r\n')
})

test.each([
  ['UTF-16, as Windows writes it', Buffer.from('\ufeffsteps: 4', 'utf16le'), 'it is in UTF-16. Save it as UTF-8.'],
  ['UTF-16, big end first', Buffer.from([0xfe, 0xff, 0, 0x61]), 'it is in UTF-16. Save it as UTF-8.'],
  ['Latin-1', Buffer.from('name: über', 'latin1'), 'it is not in UTF-8. Save it as UTF-8.'],
  ['a file of zeros, as a loss of power leaves it', Buffer.alloc(100), 'it is not a text.'],
])('%s is told as such', async (_, bytes, problem) => {
  writeFileSync(path, bytes)
  await expect(readConfigText(path)).rejects.toMatchObject({
    name: 'UsageError',
    message: expect.stringContaining(`cannot read ${path}: ${problem}`),
  })
})

test('a file of gigabytes is not read to its end', async () => {
  writeFileSync(path, '')
  truncateSync(path, 5e9)
  await expect(readConfigText(path)).rejects.toThrow(`cannot read ${path}: it has more than 1 MB.`)
})

test.skipIf(process.platform === 'win32')('neither is a device without end', async () => {
  await expect(readConfigText('/dev/zero')).rejects.toThrow('cannot read /dev/zero: it has more than 1 MB.')
})
