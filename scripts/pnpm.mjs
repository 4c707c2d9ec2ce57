import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { basename, delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The repository's folder. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)))

/**
 * Brings the pnpm that package.json pins into `.cache`, once, with npm.
 *
 * @returns {Promise<string>} the folder that holds the command `pnpm`
 * @throws {CommandFailed} with npm's output
 */
export async function bringPnpm() {
  const { packageManager } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
  const spec = packageManager.split('+')[0] // a hash may follow: pnpm@10.1.0+sha512…
  const cache = join(root, '.cache')
  const home = join(cache, spec)
  const commands = join(home, 'node_modules', '.bin')
  if (existsSync(join(home, 'node_modules', 'pnpm', 'package.json'))) return commands
  await mkdir(cache, { recursive: true })
  // Put into place by renaming, so that an interrupted download is never taken for a whole one.
  const fresh = await mkdtemp(join(cache, 'pnpm-'))
  try {
    await installAlone(spec, fresh)
    await rm(home, { recursive: true, force: true })
    await rename(fresh, home)
  } finally {
    await rm(fresh, { recursive: true, force: true })
  }
  return commands
}

/**
 * Has npm install one package into a folder of its own; no script runs.
 *
 * @throws {CommandFailed} with npm's output
 */
export async function installAlone(spec, folder) {
  // Not with `--prefix`, below which npm would also look for the machine's settings: certificates, a proxy.
  await writeFile(join(folder, 'package.json'), '{ "private": true }')
  const flags = ['--no-save', '--no-package-lock', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']
  await run([...npm(), 'install', ...flags, spec], process.env, folder)
}

/** The environment in which `pnpm` is the pinned one and no tool phones home. */
export function withPnpm(commands, env = process.env) {
  const path = Object.keys(env).find((name) => name.toUpperCase() === 'PATH') ?? 'PATH'
  return {
    ...env,
    [path]: `${commands}${delimiter}${env[path] ?? ''}`,
    TURBO_TELEMETRY_DISABLED: '1',
    TURBO_NO_UPDATE_NOTIFIER: '1',
    COREPACK_ENABLE_STRICT: '0',
  }
}

/** The words that run pnpm. */
export const pnpm = (commands) => [process.execPath, join(dirname(commands), 'pnpm', 'bin', 'pnpm.cjs')]

/** The words that run npm: the one that runs us, if one does. */
export function npm() {
  const { npm_execpath: path } = process.env
  if (path !== undefined && basename(path) === 'npm-cli.js' && existsSync(path)) return [process.execPath, path]
  return ['npm']
}

/** A command that ended with another exit code than 0; `output` is all that it wrote. */
export class CommandFailed extends Error {
  name = 'CommandFailed'

  constructor(words, code, signal, output) {
    super(`\`${words.join(' ')}\` ${signal === null ? `failed with exit code ${code}` : `was ended by ${signal}`}`)
    this.code = code
    this.signal = signal
    this.output = output
  }
}

const forwarded = ['SIGINT', 'SIGTERM', 'SIGHUP']

/**
 * Runs a command quietly, by default in the repository's folder.
 *
 * @returns {Promise<string>} what it wrote
 * @throws {CommandFailed} if it fails
 */
export function run(words, env = process.env, folder = root) {
  return new Promise((resolve, reject) => {
    const [command, ...rest] = words
    // On Windows npm is a script that only a shell finds.
    const child = spawn(command, rest, {
      cwd: folder,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
      shell: command === 'npm' && process.platform === 'win32',
    })
    const forward = (signal) => child.kill(signal)
    for (const signal of forwarded) process.on(signal, forward)
    let output = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8')
      stream.on('data', (text) => {
        output += text
      })
    }
    const done = () => {
      for (const signal of forwarded) process.off(signal, forward)
    }
    child.on('error', (error) => {
      done()
      reject(new CommandFailed(words, 127, null, `${error.message}\n`))
    })
    child.on('close', (code, signal) => {
      done()
      if (code === 0) resolve(output)
      else reject(new CommandFailed(words, code, signal, output))
    })
  })
}
