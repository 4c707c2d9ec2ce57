import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { version } from '../package.json' with { type: 'json' }
import { session } from './session.ts'

const installer = fileURLToPath(new URL('../../../scripts/install-into.mjs', import.meta.url))

// That the project installs, trains and passes its test is checked with the packed packages: test/pack.slow.test.ts.

test('init writes a project into a new folder, and says how to go on', async () => {
  const shell = session()
  // What is tested is a clone, which installs its own packages; npm's is tested in test/pack.slow.test.ts.
  const { code, stdout, stderr } = await shell.run('init', 'My Network')
  expect([code, stdout]).toEqual([0, 'my-network is ready in My Network\n'])
  const install = [`node ${relative(shell.cwd, installer)} 'My Network'`, "cd 'My Network'"]
  const lines = [...install, 'npm start', 'npm test'].map(
    (line, i) => `${i === 0 ? 'go on     ' : '          '}${line}\n`,
  )
  expect(stderr).toBe(lines.join(''))
  const folder = join(shell.cwd, 'My Network')
  expect(readdirSync(folder).sort()).toEqual(['.gitignore', 'README.md', 'package.json', 'src', 'tsconfig.json'])
  expect(readdirSync(join(folder, 'src')).sort()).toEqual([
    'main.ts',
    'model.ts',
    'shapes.ts',
    'train.test.ts',
    'train.ts',
  ])
  const { name, dependencies } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  expect(name).toBe('my-network')
  expect(new Set(Object.values(dependencies))).toEqual(new Set([`^${version}`]))
})

test('init takes the folder that it is in, also with an empty repository', async () => {
  const shell = session()
  mkdirSync(join(shell.cwd, '.git'))
  expect((await shell.run('init')).code).toBe(0)
  expect(readdirSync(shell.cwd)).toContain('package.json')
})

test('init leaves a folder alone that has something in it: exit code 2', async () => {
  const shell = session()
  writeFileSync(join(shell.cwd, 'mine.txt'), 'mine')
  expect(await shell.run('init')).toMatchObject({
    code: 2,
    stderr: 'ddnet: . is not empty: it has mine.txt. Give a new folder, as in: ddnet init my-network\n',
  })
  expect(readdirSync(shell.cwd)).toEqual(['mine.txt'])
  expect(await shell.run('init', 'mine.txt')).toMatchObject({ code: 2, stderr: expect.stringContaining('is a file') })
})
