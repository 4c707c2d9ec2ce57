import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readTar, writeTar } from './tar.ts'

const files = [
  { name: 'run/config.yaml', bytes: new TextEncoder().encode('seed: 1\n') },
  {
    name: 'run/checkpoints/step=000002/model.safetensors',
    bytes: Uint8Array.from({ length: 1025 }, (_, at) => at % 256),
  },
  { name: 'run/empty', bytes: new Uint8Array() },
]

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ddnet-tar-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

test('the system’s tar unpacks what we pack', async () => {
  await writeFile(join(folder, 'run.tar'), writeTar(files, 1e9))
  execFileSync('tar', ['-xf', 'run.tar'], { cwd: folder })
  for (const { name, bytes } of files) expect(new Uint8Array(await readFile(join(folder, name)))).toEqual(bytes)
})

test('we unpack what the system’s tar packs, folders left out', async () => {
  await mkdir(join(folder, 'made/inner'), { recursive: true })
  await writeFile(join(folder, 'made/inner/a.txt'), 'a'.repeat(600))
  execFileSync('tar', ['-cf', 'made.tar', 'made'], { cwd: folder })
  const unpacked = readTar(new Uint8Array(await readFile(join(folder, 'made.tar'))))
  expect(unpacked.map(({ name }) => name)).toEqual(['made/inner/a.txt'])
  expect(new TextDecoder().decode(unpacked[0]?.bytes)).toBe('a'.repeat(600))
})

test('what is no tar file, or only half of one, is refused', () => {
  expect(() => readTar(new Uint8Array(600).fill(7))).toThrow('expected a tar file')
  expect(() => readTar(writeTar(files, 0).subarray(0, 1500 + 512))).toThrow('cut short')
})

test('a size that is no number of bytes is refused, and not walked for ever', () => {
  const tar = writeTar(files, 0)
  for (const size of ['-0000001000', '00000000x', '', '0x10']) {
    const changed = tar.slice()
    changed.fill(0, 124, 136)
    changed.set(new TextEncoder().encode(size), 124)
    expect(() => readTar(changed), size).toThrow('expected a tar file, got another kind.')
  }
})
