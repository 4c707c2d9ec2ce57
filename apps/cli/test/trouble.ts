import { spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'vitest'
import { writePhotos } from './photos.ts'

// What goes wrong around a run of the built command; each of these fails where it did not end well.

const command = fileURLToPath(new URL('../dist/main.mjs', import.meta.url))
export const missingCommand: string | undefined = existsSync(command) ? undefined : 'not built: run npm run build'

const small = ['train', 'folder=photos', 'data.size=16', 'model.channels=[4]', 'batchSize=4', 'epochs=3', 'seed=1']
const settings = [...small, 'backend=wasm', 'name=a']

/** Inspects, predicts, trains and measures where a process may have so many files open at once. */
export async function runWithFewFiles(cwd: string, limit: number): Promise<void> {
  const limited = (...words: string[]) =>
    ended('sh', ['-c', `ulimit -n ${limit}; exec "$@"`, 'sh', process.execPath, ...words], cwd)
  // What Node itself needs differs by its version and by what it inherits: where it cannot read a program of two files, ours says nothing.
  writeFileSync(join(cwd, 'nothing.mjs'), "import './less.mjs'")
  writeFileSync(join(cwd, 'less.mjs'), '')
  if ((await limited('nothing.mjs')).code !== 0) return

  await writePhotos(join(cwd, 'photos'), { cats: 20, dogs: 20 })
  const training = ['folder=photos', 'data.size=16', 'model.channels=[4]', 'batchSize=64', 'backend=wasm']
  for (const words of [
    ['--version'],
    ['data', 'inspect', 'photos'],
    ['predict', 'photos', '--backend', 'wasm'],
    ['train', ...training, 'steps=2'],
    ['bench', ...training, '--steps=1'],
  ]) {
    const { code, stderr } = await limited(command, ...words)
    if (code === 0) continue
    expect(stderr, words.join(' ')).toMatch(
      new RegExp(`^ddnet: .*${limit} open at once, and needs up to 256\\. Raise the limit: ulimit -n 1024\\)?\\.?\\n$`),
    )
    // Of a measurement it may be the backend's own process that has too few.
    expect(words[0] === 'bench' ? [1, 4] : [1]).toContain(code)
  }
}

const weights = (cwd: string, run: string) =>
  readFileSync(join(cwd, run, 'checkpoints/last/model.safetensors')).toString('base64')

/** Starts so many runs of one name in a folder at once: all end well, each in a folder of its own, with the same weights. */
export async function runsAtOnce(cwd: string, count: number): Promise<void> {
  await writePhotos(join(cwd, 'photos'), { cats: 8, dogs: 8 })
  const all = await Promise.all(
    Array.from({ length: count }, () => ended(process.execPath, [command, ...settings], cwd)),
  )
  for (const { code, stderr } of all) expect(code, stderr).toBe(0)
  const folders = Array.from({ length: count }, (_, at) => (at === 0 ? 'a' : `a-${at + 1}`))
  expect(readdirSync(join(cwd, 'runs')).sort()).toEqual(folders)
  // Each has said its own.
  expect(all.map(({ stderr }) => /^run +runs\/(\S+)$/m.exec(stderr)?.[1]).sort()).toEqual(folders)
  for (const folder of folders) {
    expect(weights(cwd, `runs/${folder}`)).toBe(weights(cwd, 'runs/a'))
    expect(JSON.parse(readFileSync(join(cwd, 'runs', folder, 'result.json'), 'utf8'))).toMatchObject({ step: 12 })
  }
}

// `sh` in a namespace of its own. $1: the folder, $2: options of mount, $3: kB that others have on the disk, the others: the command.
const onFailingDisk = `
cd "$1"; mkdir runs; mount -t tmpfs -o "$2" tmpfs runs; head -c "$3"k /dev/zero > runs/of-others || true
shift 3
set +e; "$@" > stdout 2> stderr; code=$?; set -e
mount -o remount,rw,size=8m runs; rm -f runs/of-others
cp -r runs kept
exit $code`

/**
 * Trains where the disk of the runs is full or read-only: ends with 1 and the reason on one line, and what it wrote of the
 * run can be listed.
 */
export async function runOnFailingDisk(cwd: string, disk: 'full' | 'read-only', otherKb: number): Promise<void> {
  await writePhotos(join(cwd, 'photos'), { cats: 8, dogs: 8 })
  const options = disk === 'full' ? 'size=1m' : 'ro'
  const parameters = ['-rm', 'sh', '-ec', onFailingDisk, 'sh', cwd, options, String(otherKb), process.execPath, command]
  const { code, stderr } = await ended('unshare', [...parameters, ...settings], cwd)
  const said = existsSync(join(cwd, 'stderr')) ? readFileSync(join(cwd, 'stderr'), 'utf8') : stderr
  expect(code, said).toBe(1)
  expect(said).toMatch(disk === 'full' ? /ENOSPC|no space left|disk is full/i : /EROFS|read-only/i)
  expect(said).not.toMatch(/^ {4}at /m) // no stack of calls
}

/** Variables of whoever runs the tests, which would change what the command says or does. */
const leftOut = /^(NO_COLOR|FORCE_COLOR|CI|npm_.*|DDNET_(?!CACHE).*)$/

async function ended(program: string, parameters: readonly string[], cwd: string) {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !leftOut.test(name)))
  const child = spawn(program, parameters, { cwd, env, stdio: ['ignore', 'ignore', 'pipe'] })
  let stderr = ''
  child.stderr.on('data', (chunk) => {
    stderr += chunk
  })
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve))
  return { code, stderr }
}
