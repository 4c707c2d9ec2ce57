import { mkdir, readdir, readFile } from 'node:fs/promises'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { errorCode } from '@ddnet/ops/checks'
import type { CommandContext } from '../context.ts'
import { CliError, UsageError } from '../errors.ts'
import { write } from '../files.ts'
import { installedPath } from '../installation.ts'
import { createCommandLogger } from '../terminal/logger.ts'
import { shellWord } from '../terminal/shell-word.ts'

/** What is in the folder of a repository that is about to begin. */
const allowed = ['.git', '.DS_Store']

/** `ddnet init`: a project in TypeScript, with a test, in a folder that is new or empty. */
export async function init(folder: string, { io, version }: CommandContext): Promise<void> {
  const target = resolve(io.cwd, folder)
  const there = (await namesIn(target)).filter((name) => !allowed.includes(name))
  if (there.length > 0) {
    throw new UsageError(
      `${folder} is not empty: it has ${there.slice(0, 3).join(', ')}${there.length > 3 ? ' …' : ''}. Give a new folder, as in: ddnet init my-network`,
    )
  }
  const name = packageName(basename(target))
  const template = await templateFolder()
  const entries = await readdir(template, { recursive: true, withFileTypes: true })
  for (const entry of entries.filter((each) => each.isFile())) {
    const path = join(entry.parentPath, entry.name)
    // npm leaves .gitignore out of what it packs, so that it has another name there.
    const to = join(target, path.slice(template.length + 1).replace(/^gitignore$/, '.gitignore'))
    await mkdir(dirname(to), { recursive: true })
    const text = await readFile(path, 'utf8')
    await write(to, text.replaceAll('NAME', name).replaceAll('VERSION', `^${version}`))
  }
  io.stdout.write(`${name} is ready in ${folder}\n`)
  const say = createCommandLogger(io)
  const enter = folder === '.' ? [] : [`cd ${shellWord(folder)}`]
  const fromClone = await installerOfClone(template)
  const install =
    fromClone === undefined
      ? [...enter, 'npm install']
      : [`node ${shellWord(relative(io.cwd, fromClone))} ${shellWord(folder)}`, ...enter]
  const steps = [...install, 'npm start', 'npm test']
  for (const [at, step] of steps.entries()) say(at === 0 ? 'go on' : '', step)
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder)
  } catch (error) {
    const code = errorCode(error)
    if (code === 'ENOENT') return []
    if (code === 'ENOTDIR') throw new UsageError(`${folder} is a file. Give a new or empty folder.`)
    throw error
  }
}

async function templateFolder(): Promise<string> {
  const folder = installedPath('template')
  if ((await namesIn(folder)).includes('package.json')) return folder
  throw new CliError('the template of a project is missing from this installation. Install ddnet again.')
}

/** In a clone of the repository, what installs its own packages in a project: those of npm may be older, or not be there yet. */
async function installerOfClone(template: string): Promise<string | undefined> {
  if (!/[\\/]apps[\\/]cli[\\/]template$/.test(template)) return undefined
  const scripts = resolve(template, '..', '..', '..', 'scripts')
  return (await namesIn(scripts)).includes('install-into.mjs') ? join(scripts, 'install-into.mjs') : undefined
}

/** What npm takes as the name of a package. */
const packageName = (name: string): string =>
  name
    .toLowerCase()
    .replace(/[^a-z0-9-]+/g, '-')
    .replace(/^-+|-+$/g, '') || 'my-network'
