import { cp, mkdir, mkdtemp, readdir, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { changed, exampleOf, kinds } from '../scripts/new/examples.mjs'
import { CommandFailed, root, run } from '../scripts/pnpm.mjs'

const own = Object.fromEntries(Object.keys(kinds).map((kind) => [kind, `my-${kind}`]))
let clone: string
let paths: string[]
/** Those that were not there before. */
let made: string[]

/** A copy of this repository, with our dependencies. */
async function cloned(): Promise<string> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'ddnet-contributing-')))
  const link = { recursive: true, verbatimSymlinks: true } as const
  for (const name of await readdir(root)) {
    if (/^(\.git|\.cache|\.turbo|node_modules|apps|benchmarks|conformance|docs|examples|runs)$/.test(name)) continue
    await cp(join(root, name), join(folder, name), {
      ...link,
      filter: (path) => !/^packages\/[^/]+\/(dist|\.turbo)$/.test(relative(root, path)),
    })
  }
  await cp(join(root, 'docs', 'operators.md'), join(folder, 'docs', 'operators.md'))
  await mkdir(join(folder, 'node_modules'))
  for (const name of await readdir(join(root, 'node_modules'))) {
    if (name === '.pnpm') await symlink(join(root, 'node_modules', name), join(folder, 'node_modules', name))
    else if (!name.startsWith('.')) await cp(join(root, 'node_modules', name), join(folder, 'node_modules', name), link)
  }
  return folder
}

const node = (script: string, ...words: string[]) =>
  run([process.execPath, join(clone, script), ...words], { ...process.env, DDNET_TEST_BACKENDS: 'cpu' }, clone).catch(
    (error: unknown) => {
      throw error instanceof CommandFailed ? new Error(`${error.message}\n${error.output}`) : error
    },
  )

beforeAll(async () => {
  clone = await cloned()
  ;[paths, made] = [[], []]
  for (const [kind, name] of Object.entries(own)) {
    const said = await node('scripts/new/main.mjs', kind, name)
    for (const [, what, path = ''] of said.matchAll(/^(new|changed) +(\S+)$/gm)) {
      paths.push(path)
      if (what === 'new') made.push(path)
    }
  }
  for (const { path, lines } of exampleOf('A setting').changes) {
    const file = join(clone, path)
    await writeFile(file, changed(await readFile(file, 'utf8'), lines, path))
    paths.push(path)
  }
  paths = [...new Set(paths)]
}, 300_000)

afterAll(() => rm(clone, { recursive: true, force: true }))

test('what pnpm new lays out, of every kind at once, has the right types', async () => {
  const include = paths.filter((path) => path.endsWith('.ts'))
  expect(include.length).toBeGreaterThan(15)
  await writeFile(join(clone, 'tsconfig.new.json'), JSON.stringify({ extends: './tsconfig.json', include }))
  await node('node_modules/typescript/bin/tsc', '--project', 'tsconfig.new.json', '--incremental', 'false')
}, 600_000)

test('and our style', async () => {
  const files = paths.filter((path) => !path.startsWith('fixtures/'))
  await node('node_modules/@biomejs/biome/bin/biome', 'check', '--error-on-warnings', ...files)
})

test('and its tests pass, as it is', async () => {
  const tests = made.filter((path) => path.endsWith('.test.ts') && !path.startsWith('packages/ops/'))
  expect(tests).toHaveLength(Object.keys(kinds).length - 1)
  const said = await node('node_modules/vitest/vitest.mjs', 'run', ...tests, '--reporter=json')
  const { numPassedTests, numFailedTests } = JSON.parse(said.slice(said.indexOf('{"num')))
  expect(numPassedTests).toBeGreaterThanOrEqual(tests.length)
  expect(numFailedTests).toBe(0)
}, 600_000)

test('an operator asks for PyTorch’s numbers, and says how they are written', async () => {
  const [path = ''] = paths.filter((each) => /^packages\/ops\/.*\.test\.ts$/.test(each))
  await expect(node('node_modules/vitest/vitest.mjs', 'run', path)).rejects.toThrow(
    "fixtures/operators/myOp.json is missing. Write PyTorch's numbers: python fixtures/make_my_op.py",
  )
}, 600_000)

/** PyTorch's numbers of the section's operator, by its script, in the place of those that the test of `name` asks for. */
async function withNumbers(name: string): Promise<void> {
  for (const end of ['json', 'safetensors']) {
    await cp(join(root, 'fixtures/examples', `squareplus.${end}`), join(clone, 'fixtures/operators', `${name}.${end}`))
  }
}

test('and passes with them', async () => {
  await withNumbers('myOp')
  // Rows of docs/operators.md take all backends, and are written elsewhere.
  process.env['DDNET_OPERATORS_FOLDER'] = join(clone, 'operators')
  await node('node_modules/vitest/vitest.mjs', 'run', 'packages/ops/src/activation/my-op.test.ts')
  expect(await readdir(join(clone, 'operators'))).toEqual(['myOp.cpu.json'])
}, 600_000)

const python = process.env['DDNET_PYTHON']
test.skipIf(python === undefined)(
  'which its script writes (DDNET_PYTHON, a Python with torch)',
  async () => {
    await run([python as string, 'fixtures/make_my_op.py'], process.env, clone)
    const cases = async (path: string) => JSON.parse(await readFile(path, 'utf8')).cases
    const written = await cases(join(clone, 'fixtures/operators/myOp.json'))
    expect(written).toEqual(await cases(join(root, 'fixtures/examples/squareplus.json')))
    await node('node_modules/vitest/vitest.mjs', 'run', 'packages/ops/src/activation/my-op.test.ts')
  },
  600_000,
)
