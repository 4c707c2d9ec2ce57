import { join } from 'node:path'
import type { Context } from './context.ts'
import { lacking } from './install-error.ts'
import { CommandFailed, run } from './run.ts'

export interface Python {
  readonly command: string
  /** As in '3.12'. */
  readonly version: string
}

const oldest = { python: [3, 8], pip: [20, 3] } as const
const remedy =
  'Install Python 3.8 or later with pip (Debian, Ubuntu: apt-get install python3-pip), name one by --python, or use a TensorFlow that is here by --from'

// Python 2 reads it too, to be told apart.
const probe =
  'import struct, sys; print("%d.%d %d" % (sys.version_info[0], sys.version_info[1], struct.calcsize("P") * 8))'

/**
 * The Python that was asked for, or the first of `python3` and `python` that can bring TensorFlow. It is only run, and
 * nothing is installed into it.
 *
 * @throws InstallError saying what is wrong with each
 */
export async function findPython(given: string | undefined, context: Context): Promise<Python> {
  const wrong: string[] = []
  for (const command of given === undefined ? ['python3', 'python'] : [given]) {
    const found = await examine(command, context)
    if (typeof found !== 'string') return found
    wrong.push(`${command} ${found}`)
  }
  throw lacking(`TensorFlow's library comes from a Python package, but ${wrong.join(', ')}. ${remedy}.`)
}

async function examine(command: string, context: Context): Promise<Python | string> {
  let answer: string
  try {
    answer = await run(command, ['-c', probe], context)
  } catch (error) {
    if (!(error instanceof CommandFailed)) throw error
    if (error.code === 'ENOENT') return 'is not there'
    if (error.code === 'EACCES') return 'is not executable'
    return `does not run (${error.lastLine()})`
  }
  const [, version, bits] = /^(\d+\.\d+) (\d+)$/m.exec(answer) ?? []
  if (version === undefined) return 'is not Python'
  if (isOlder(version, oldest.python)) return `is Python ${version}, which is too old`
  if (bits !== '64') return `is a ${bits}-bit Python, and TensorFlow needs 64 bits`
  return { command, version }
}

/**
 * What to run as pip: the Python's own, or, where that is missing or too old, the one of a virtual environment made in
 * `folder`.
 *
 * @throws InstallError if there is neither
 */
export async function findPip({ command }: Python, folder: string, context: Context): Promise<string> {
  const missing = await missingPip(command, context)
  if (missing === undefined) return command
  const environment = join(folder, 'venv')
  try {
    await run(command, ['-m', 'venv', environment], context)
  } catch (error) {
    if (!(error instanceof CommandFailed)) throw error
    throw lacking(`${command} ${missing}, and cannot make a virtual environment that has it. ${remedy}.`, error)
  }
  const own = join(environment, 'bin', 'python')
  const still = await missingPip(own, context)
  if (still !== undefined) throw lacking(`${command} ${still}, in a new virtual environment too. ${remedy}.`)
  return own
}

async function missingPip(command: string, context: Context): Promise<string | undefined> {
  try {
    const version = /^pip (\d+\.\d+)/m.exec(await run(command, ['-m', 'pip', '--version'], context))?.[1]
    if (version === undefined) return 'has no pip'
    return isOlder(version, oldest.pip) ? `has pip ${version}, which is older than ${oldest.pip.join('.')}` : undefined
  } catch (error) {
    if (error instanceof CommandFailed) return 'has no pip'
    throw error
  }
}

function isOlder(version: string, [major, minor]: readonly [number, number]): boolean {
  const [ownMajor = 0, ownMinor = 0] = version.split('.').map(Number)
  return ownMajor < major || (ownMajor === major && ownMinor < minor)
}
