import { execFile } from 'node:child_process'
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { errorMessage } from '@ddnet/ops/checks'
import { describe, expect, test } from 'vitest'
import { type Misbehaviour, serveBytes } from '../../test/byte-server.ts'
import { serveFolder } from '../../test/folder-server.ts'
import { temporaryFolder } from '../../test/temporary-folder.ts'
import { cifar10 } from '../cifar10/cifar10.ts'
import { DatasetError } from '../dataset-error.ts'
import { diskFiles } from './disk-files.ts'
import { nameParts, subfolder, surveyOf } from './files.ts'
import { pickedFiles } from './picked-files.ts'
import { servedFiles } from './served-files.ts'

test.each([
  '../a',
  'a/../../b',
  '/etc/passwd',
  'a//b',
  'a/.',
  '..',
  '',
  'C:/a',
  'a\\..\\b',
  'http://x/y',
  'a\u0000b',
  'a/',
])('the name %j does not stay below the root, and is refused', async (name) => {
  expect(() => nameParts(name)).toThrow(DatasetError)
  const folder = await temporaryFolder()
  await expect(diskFiles(folder).read(name)).rejects.toThrow('is refused as the name of a file')
  await expect(servedFiles('http://127.0.0.1:1/').read(name)).rejects.toThrow('is refused as the name of a file')
  await expect(pickedFiles([]).read(name)).rejects.toThrow('is refused as the name of a file')
})

test.each(['a', 'a/b.jpg', '...', 'a..b/c', 'ä ö/1 2.png', 'a/12:30.jpg', '12:30.jpg'])(
  'the name %j is taken',
  (name) => {
    expect(nameParts(name).join('/')).toBe(name)
  },
)

test('./ before a name says nothing', () => {
  expect(nameParts('./a/b.png')).toEqual(['a', 'b.png'])
})

test.each([
  ['../a', 'it leads out of the folder by ".."'],
  ['/etc/passwd', 'it is absolute'],
  ['C:/a', 'it is an address, or begins with a drive'],
  ['images\\a.png', 'it has backslashes, which are "/" here'],
  ['', 'it is empty'],
  ['a//b', 'it has an empty part'],
])('of the name %j it is said what is wrong', (name, problem) => {
  expect(() => nameParts(name)).toThrow(`${JSON.stringify(name)} is refused as the name of a file: ${problem}. `)
})

describe('files on a disk', () => {
  test('are listed by name, through links too, and read', async () => {
    const folder = await temporaryFolder()
    await mkdir(join(folder, 'b', 'c'), { recursive: true })
    await writeFile(join(folder, 'b', 'c', '1.txt'), 'one')
    await writeFile(join(folder, 'a.txt'), 'two')
    await symlink(join(folder, 'a.txt'), join(folder, 'b', 'link.txt'))
    const files = diskFiles(folder)
    expect(await files.list()).toEqual(['a.txt', 'b/c/1.txt', 'b/link.txt'])
    expect(Buffer.from(await files.read('b/link.txt')).toString()).toBe('two')
    const below = subfolder(files, 'b')
    expect(await below.list()).toEqual(['c/1.txt', 'link.txt'])
    expect(Buffer.from(await below.read('c/1.txt')).toString()).toBe('one')
    expect(below.path('c/1.txt')).toBe(join(folder, 'b', 'c', '1.txt'))
  })

  test('folders that are links are followed, outside of it too, but not in circles', async () => {
    const [folder, elsewhere] = [await temporaryFolder(), await temporaryFolder()]
    await mkdir(join(folder, 'cat'))
    await writeFile(join(folder, 'cat', '1.png'), '')
    await writeFile(join(elsewhere, '2.png'), '')
    await symlink(elsewhere, join(folder, 'dog'))
    await symlink(join(folder, 'cat'), join(folder, 'tiger'))
    await symlink(folder, join(folder, 'cat', 'back'))
    await symlink(elsewhere, join(elsewhere, 'again'))
    await symlink(join(folder, 'nothing'), join(folder, 'lost'))
    await symlink('circle', join(folder, 'circle'))
    await mkdir(join(folder, 'empty'))
    expect(await diskFiles(folder).survey?.()).toEqual({
      names: ['cat/1.png', 'dog/2.png', 'tiger/1.png'],
      emptyFolders: ['empty'],
      linksOutside: ['dog'],
      notFiles: [
        { name: 'cat/back', reason: 'a link back to a folder that it lies in' },
        { name: 'circle', reason: 'a link in a circle' },
        { name: 'dog/again', reason: 'a link back to a folder that it lies in' },
        { name: 'lost', reason: 'a link to nothing (it is missing)' },
        { name: 'tiger/back', reason: 'a link back to a folder that it lies in' },
      ],
    })
  })

  test('folders that link to each other in every order are not walked for days', async () => {
    const folder = await temporaryFolder()
    const names = Array.from('abcdefghijkl')
    for (const name of names) await mkdir(join(folder, name))
    for (const name of names) {
      for (const other of names) if (other !== name) await symlink(join(folder, other), join(folder, name, other))
    }
    const { notFiles } = await surveyOf(diskFiles(folder))
    expect(new Set(notFiles.map(({ reason }) => reason))).toEqual(
      new Set(['a link to a folder that 20 others lead to', 'a link back to a folder that it lies in']),
    )
  })

  test('folders of the system are not opened', async () => {
    const folder = await temporaryFolder()
    await mkdir(join(folder, '@eaDir', 'deep'), { recursive: true })
    await writeFile(join(folder, '@eaDir', 'deep', '1.png'), '')
    expect(await diskFiles(folder).list()).toEqual(['@eaDir'])
  })

  test('what is read is not a Buffer, whose slices share its memory', async () => {
    const folder = await temporaryFolder()
    await writeFile(join(folder, 'a'), 'abc')
    const bytes = await diskFiles(folder).read('a')
    bytes.slice()[0] = 0
    expect(bytes[0]).toBe(97)
  })

  test.skipIf(process.platform !== 'linux')(
    'whose name, or whose folder’s, is not UTF-8 are told as such',
    async () => {
      const folder = await temporaryFolder()
      const named = (...bytes: number[]) => Buffer.concat([Buffer.from(`${folder}/`), Buffer.from(bytes)])
      await writeFile(named(0xe9, 0x2e, 0x70, 0x6e, 0x67), '') // é.png in Latin-1
      const files = diskFiles(folder)
      const [name = ''] = await files.list()
      await expect(files.read(name)).rejects.toThrow(
        /cannot read .*: its name is not UTF-8, and has to be changed first\./,
      )
      await mkdir(named(0xff, 0xfe))
      await expect(files.list()).rejects.toThrow(/cannot list the folder .*: its name is not UTF-8/)
    },
  )

  test('in a folder that is a link in a circle are refused in words', async () => {
    const folder = await temporaryFolder()
    await symlink('b', `${folder}/a`)
    await symlink('a', `${folder}/b`)
    await expect(diskFiles(`${folder}/a`).list()).rejects.toThrow('it is a link in a circle')
  })

  test('that are missing are named', async () => {
    const folder = await temporaryFolder()
    const error = await diskFiles(folder)
      .read('x/1.png')
      .catch((error: unknown) => error)
    expect(error).toMatchObject({ name: 'DatasetError', path: join(folder, 'x', '1.png') })
    expect(errorMessage(error)).toBe(
      `cannot read ${join(folder, 'x', '1.png')}: it is missing. Check that the data is complete.`,
    )
    await expect(diskFiles(join(folder, 'x')).list()).rejects.toThrow('it is missing. Name an existing folder.')
  })
})

describe('served files', () => {
  test('are read, and listed where their names were given', async () => {
    const folder = await temporaryFolder()
    await writeFile(join(folder, 'one.txt'), 'one')
    const { url } = await serveFolder(folder)
    const files = servedFiles(url, { names: ['two.txt', 'one.txt'] })
    expect(await files.list()).toEqual(['one.txt', 'two.txt'])
    expect(Buffer.from(await files.read('one.txt')).toString()).toBe('one')
    await expect(files.read('two.txt')).rejects.toThrow(
      `cannot fetch ${url}/two.txt: HTTP 404. Check the address, and that the server has it.`,
    )
    await expect(servedFiles(url).list()).rejects.toThrow(
      `a server cannot list ${url}/. Give the names: servedFiles(url, { names }).`,
    )
    await expect(servedFiles('http://127.0.0.1:1').read('a')).rejects.toThrow('cannot fetch http://127.0.0.1:1/a (')
  })
})

// What serveBytes gives of any name.
const content = Uint8Array.from({ length: 30_000 }, (_, at) => (at * 31) % 251)
test.each<[Misbehaviour, RegExp]>([
  ['mute', /no answer within 0\.1 s/],
  ['stall', /after 15000 bytes: no more than \d+ bytes came within 0\.1 s/],
  ['drip', /no more than \d+ bytes came within 0\.1 s/],
  ['endless', /it sends more than 40000 bytes/],
  ['cut', /after \d+ bytes: /],
  ['reset', /\(.+\)/],
  ['redirected to itself', /\(.+\)/],
  ['missing', /HTTP 404/],
])('a server that misbehaves (%s) is given up, by its address', async (behaviour, message) => {
  const { url } = await serveBytes(content, behaviour)
  const base = url.replace('/archive.tar.gz', '')
  // Of one that does answer, a busy machine may take longer to notice.
  const limits = { connectTimeoutMs: behaviour === 'mute' ? 100 : 30_000, stallTimeoutMs: 100 }
  const error = await servedFiles(base, { ...limits, maxBytes: 40_000 })
    .read('a.bin')
    .catch((error: unknown) => error)
  expect(error).toMatchObject({ name: 'DatasetError', path: `${base}/a.bin`, message: expect.stringMatching(message) })
  const { url: manifest } = await serveBytes(content, behaviour)
  if (behaviour === 'endless') return // of a manifest 256 MB are taken
  await expect(cifar10({ url: new URL('.', manifest), ...limits })).rejects.toThrow(message)
})

test('a slow server that goes on sending is waited for', async () => {
  const { url } = await serveBytes(content)
  const slow: typeof fetch = async (...request) => {
    const { body } = await fetch(...request)
    const reader = (body as ReadableStream<Uint8Array<ArrayBuffer>>).getReader()
    const all: Uint8Array<ArrayBuffer>[] = []
    for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) all.push(chunk.value)
    const bytes = Buffer.concat(all)
    let at = 0
    return new Response(
      new ReadableStream({
        async pull(controller) {
          await new Promise((resolve) => setTimeout(resolve, 100))
          controller.enqueue(new Uint8Array(bytes.subarray(at, at + 3000)))
          at += 3000
          if (at >= bytes.length) controller.close()
        },
      }),
    )
  }
  const files = servedFiles(url.replace('/archive.tar.gz', ''), { fetch: slow, stallTimeoutMs: 600 })
  expect(await files.read('a.bin')).toEqual(content) // a second in all
})

test('chosen files are read by their names, and two of one name refused', async () => {
  const files = pickedFiles([new File(['one'], 'a.txt'), new File(['two'], 'b.txt')])
  expect(await files.list()).toEqual(['a.txt', 'b.txt'])
  expect(Buffer.from(await files.read('b.txt')).toString()).toBe('two')
  await expect(files.read('c.txt')).rejects.toThrow(
    'c.txt is missing among the 2 chosen files. Choose the whole folder.',
  )
  expect(() => pickedFiles([new File([], 'a'), new File([], 'a')])).toThrow('pickedFiles: two files are called a.')
})

test.skipIf(process.platform === 'win32')(
  'any number of files is read at once where a process may open few (no ulimit on Windows)',
  async () => {
    const folder = await temporaryFolder()
    for (let at = 0; at < 400; at++) await writeFile(join(folder, `${at}.bin`), `${at}`)
    const module = fileURLToPath(new URL('disk-files.ts', import.meta.url))
    const script = join(folder, 'read.ts')
    await writeFile(
      script,
      `import { diskFiles } from ${JSON.stringify(module)}
       const files = diskFiles(${JSON.stringify(folder)})
       const names = (await files.list()).filter((name) => name.endsWith('.bin'))
       const all = await Promise.all(names.map((name) => files.read(name)))
       console.log(all.length, all.reduce((sum, bytes) => sum + Number(new TextDecoder().decode(bytes)), 0))`,
    )
    const source = fileURLToPath(new URL('../../../../scripts/run-source.mjs', import.meta.url))
    const { stdout } = await promisify(execFile)('sh', [
      ...['-c', 'ulimit -n 150; exec "$@"', 'sh'],
      ...[process.execPath, source, script],
    ])
    expect(stdout.trim()).toBe(`400 ${(400 * 399) / 2}`)
  },
)
