import { cpSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'
import { expect, test } from 'vitest'
import { imageFiles, isOfImages } from '../src/data/image-files.ts'
import { writePhotos } from './photos.ts'
import { type Session, session } from './session.ts'

async function withImages(): Promise<Session> {
  const shell = session()
  await writePhotos(join(shell.cwd, 'photos'), { cats: 3, dogs: 2 })
  for (const name of ['.hidden', '__MACOSX', '@eaDir']) mkdirSync(join(shell.cwd, 'photos', name))
  for (const name of ['.hidden/a.jpg', '__MACOSX/a.jpg', '@eaDir/a.jpg', '._a.jpg', 'notes.txt'])
    writeFileSync(join(shell.cwd, 'photos', name), 'no image')
  writeFileSync(join(shell.cwd, 'photos/cats/10.jpg'), 'no image')
  symlinkSync('..', join(shell.cwd, 'photos/dogs/up'))
  return shell
}

const silent = ({ cwd }: { cwd: string }) => ({ cwd, env: {}, stderr: { write: () => true } })

test('a folder is all images below it, a pattern those that match, in their order', async () => {
  const shell = await withImages()
  const named = (...words: string[]) => imageFiles(words, silent(shell))
  expect((await named('photos/cats')).map((name) => name.replace('photos/cats/', ''))).toEqual([
    '0.jpg',
    '1.png',
    '2.jpg',
    '10.jpg',
  ])
  expect(await named('photos/*/1.png')).toEqual(['photos/cats/1.png', 'photos/dogs/1.png'])
  expect(await named('photos/cats/?.jpg')).toEqual(['photos/cats/0.jpg', 'photos/cats/2.jpg'])
  expect(await named('photos/{cats,birds}/[01].*')).toEqual(['photos/cats/0.jpg', 'photos/cats/1.png'])
  expect(await named('photos/*.jpg', 'none.png', '-')).toEqual(['photos/*.jpg', 'none.png', '-'])
  expect((await named('photos')).filter((name) => /hidden|MACOSX|eaDir|\._|notes/.test(name))).toEqual([])
})

test('folders that link to each other are not walked in circles', async () => {
  const shell = await withImages()
  const names = ['a', 'b', 'c', 'd']
  for (const name of names) mkdirSync(join(shell.cwd, 'photos', name))
  for (const name of names)
    for (const other of names) symlinkSync(`../${other}`, join(shell.cwd, 'photos', name, `to-${other}`))
  writeFileSync(join(shell.cwd, 'photos/a/1.jpg'), 'no image')
  const found = await imageFiles(['photos'], silent(shell))
  expect(found).toContain('photos/a/1.jpg')
  expect(found.filter((name) => name.endsWith('cats/0.jpg'))).toEqual(['photos/cats/0.jpg'])
  expect(found.length).toBeLessThan(100)
})

test('an image that cannot be read is told, the others go on, and the exit code is 1', async () => {
  const shell = await withImages()
  const { code, stdout, stderr } = await shell.run('predict', 'photos/cats', 'none.png')
  expect(code).toBe(1)
  expect(stdout.match(/^image \d\/5 photos\/cats\/\d\.(jpg|png): /gm)).toHaveLength(3)
  expect(stderr).toMatch(/^ddnet: photos\/cats\/10\.jpg /m)
  expect(stderr).toMatch(/^ddnet: cannot read the image none\.png: there is no such file/m)
})

test('--json tells of it in its place; --csv is a row a guess', async () => {
  const shell = await withImages()
  const { stdout } = await shell.run('predict', 'none.png', 'photos/cats/0.jpg', '--json')
  const [missing, found] = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
  expect(missing).toEqual({ image: 'none.png', error: expect.stringContaining('there is no such file') })
  expect(found.predictions).toHaveLength(5)
  cpSync(join(shell.cwd, 'photos/cats/0.jpg'), join(shell.cwd, 'a "good", one.jpg'))
  const { code, stdout: csv } = await shell.run('predict', 'a "good", one.jpg', '--csv')
  const [head, first, ...others] = csv.trimEnd().split('\n')
  expect([code, head, others.length]).toEqual([0, 'image,actual,rank,class,confidence', 4])
  expect(first).toMatch(/^"a ""good"", one\.jpg",,1,\w+,0\.\d+$/)
  expect((await shell.run('predict', 'photos', '--csv', '--json')).code).toBe(2)
})

test.each([
  ['reconstruction', ['cifar10', 'task=reconstruction', 'model=ddnetPixels', 'model.channels=[4]', 'data.size=8']],
  ['classification', ['cifar10', 'model.channels=[4]', 'data.size=8']],
])('so it is with a run of %s, whose pictures are written', async (_, words) => {
  const shell = await withImages()
  const short = ['batchSize=8', 'steps=2', 'validation.images=8', 'backend=wasm', 'name=a']
  const trained = await shell.run('train', ...words, ...short)
  expect(trained.code, trained.stderr).toBe(0)
  const { code, stdout, stderr } = await shell.run('predict', 'runs/a', 'photos', '--to', 'out', '--json')
  const lines = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
  expect([code, lines.length, lines.filter(({ error }) => error !== undefined).length]).toEqual([1, 6, 1])
  expect(stderr).toMatch(/^left out {2}1 of 6 images, which could not be read: photos\/cats\/10\.jpg$/m)
  expect(lines[0].files).toEqual(['out/cats/0.png'])
  for (const { files = [] } of lines) {
    for (const file of files) expect((await sharp(join(shell.cwd, file)).metadata()).format).toBe('png')
  }
  expect(readdirSync(join(shell.cwd, 'out/cats'))).toEqual(['0.png', '1.png', '2.png'])
})

test('- is what is piped in', async () => {
  const folder = (await withImages()).cwd
  const piped = await readFile(join(folder, 'photos/cats/0.jpg'))
  const shell = session({ stdin: [piped.subarray(0, 100), piped.subarray(100)] })
  const { code, stdout } = await shell.run('predict', '-')
  expect([code, stdout]).toEqual([0, expect.stringMatching(/^image 1\/1 -: 40x60 /)])
  const empty = await session({ stdin: [] }).run('predict', '-')
  expect([empty.code, empty.stderr]).toEqual([1, expect.stringContaining('standard input is empty')])
})

test.skipIf(process.platform === 'win32')('what is no folder is an image, be it a pipe or a device', async () => {
  const shell = session()
  expect(await isOfImages('/dev/null', silent(shell))).toBe(true)
  const { code, stderr } = await shell.run('predict', '/dev/null')
  expect([code, stderr]).toEqual([1, expect.stringMatching(/^ddnet: \/dev\/null is (empty|not an image)/m)])
})
