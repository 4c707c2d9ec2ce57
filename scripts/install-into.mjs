// `npm run install-into -- FOLDER [PACKAGE…]`: packs packages of this clone and installs them in a project of yours, as npm
// would after a release. Without names, those that its package.json asks for.
import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { pack, published, readManifest, withInternal } from './packages.mjs'
import { CommandFailed, npm, run } from './pnpm.mjs'
import { install } from './prepare.mjs'
import { step } from './step.mjs'

/** Beside the project's package.json, which names them by this path. */
const tarballFolder = 'ddnet-packages'

try {
  await installInto(process.argv[2], process.argv.slice(3))
} catch (error) {
  if (error instanceof CommandFailed) process.stderr.write(error.output)
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 1
}

async function installInto(path, asked) {
  const all = published.map(({ name }) => name)
  if (path === undefined)
    throw new Error('Give the folder of a project, as in: npm run install-into -- ../my-app @ddnet/ops')
  const unknown = asked.find((name) => !all.includes(name))
  if (unknown !== undefined) throw new Error(`There is no package ${unknown}. There are: ${all.join(', ')}`)
  // `npm run` goes to the folder of the workspace, and says where it was called.
  const folder = resolve(process.env.INIT_CWD ?? '.', path)
  const names = asked.length > 0 ? asked : wantedBy(folder)
  if (names.length === 0) throw new Error(`${path} asks for no package. Name some of: ${all.join(', ')}`)
  await install()
  await mkdir(join(folder, tarballFolder), { recursive: true })
  if (!existsSync(join(folder, 'package.json')))
    await writeFile(join(folder, 'package.json'), '{\n  "private": true,\n  "type": "module"\n}\n')
  const tarballs = await step('packing', () => pack(join(folder, tarballFolder), withInternal(names)))
  const specs = [...tarballs.values()].map((file) => `./${tarballFolder}/${basename(file)}`)
  const flags = ['--no-audit', '--no-fund', '--loglevel=error']
  await step('installing', () => run([...npm(), 'install', ...flags, ...specs], process.env, folder))
  process.stdout.write(`installed in ${path}: ${[...tarballs.keys()].join(', ')}\n`)
}

function wantedBy(folder) {
  if (!existsSync(join(folder, 'package.json'))) return []
  const { dependencies = {}, devDependencies = {} } = readManifest(folder)
  const wanted = Object.keys({ ...dependencies, ...devDependencies })
  return published.map(({ name }) => name).filter((name) => wanted.includes(name))
}
