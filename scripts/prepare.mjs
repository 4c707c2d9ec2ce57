import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { bringPnpm, pnpm, root, run, withPnpm } from './pnpm.mjs'
import { step } from './step.mjs'

/**
 * Installs what the lockfile says, unless that was done already.
 *
 * @returns {Promise<NodeJS.ProcessEnv>} the environment in which `pnpm` is the pinned one
 * @throws {CommandFailed} with the full log
 */
export async function install() {
  const commands = await step('fetching pnpm', bringPnpm)
  const env = withPnpm(commands)
  const mark = join(root, 'node_modules', '.ddnet-installed')
  const wanted = await fingerprint()
  if (existsSync(mark) && (await readFile(mark, 'utf8')) === wanted) return env
  const flags = ['--frozen-lockfile', '--prefer-offline', '--config.confirmModulesPurge=false']
  await step('installing', () => run([...pnpm(commands), 'install', ...flags], env))
  await mkdir(dirname(mark), { recursive: true })
  await writeFile(mark, wanted)
  return env
}

/**
 * Builds the packages that `filters` select, or all of them; turbo skips those that did not change.
 *
 * @throws {CommandFailed} with the full log
 */
export async function build(env, ...filters) {
  const turbo = join(root, 'node_modules', 'turbo', 'bin', 'turbo')
  const flags = [...filters.map((filter) => `--filter=${filter}`), '--output-logs=errors-only']
  await step('building', () => run([process.execPath, turbo, 'run', 'build', ...flags], env))
}

/** Changes when anything changes that an install depends on. */
async function fingerprint() {
  const files = ['package.json', 'pnpm-lock.yaml', 'pnpm-workspace.yaml']
  for (const folder of ['packages', 'apps'])
    for (const name of await readdir(join(root, folder))) files.push(join(folder, name, 'package.json'))
  const hash = createHash('sha256').update(`${process.platform} ${process.arch}`)
  for (const file of files.sort())
    if (existsSync(join(root, file))) hash.update(file).update(await readFile(join(root, file)))
  return hash.digest('hex')
}
