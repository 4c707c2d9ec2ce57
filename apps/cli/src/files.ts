import { existsSync } from 'node:fs'
import { mkdir, stat, writeFile } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { errorCode } from '@ddnet/ops/checks'
import { diskStorage } from '@ddnet/trainer/node'
import { CliError, problemOf } from './errors.ts'

// Node's errors name the path only where a file is opened, and a full disk shows when it is written.

export const write = (path: string, content: string | Uint8Array): Promise<void> =>
  naming(path, writeFile(path, content))

/**
 * Makes or replaces a file: at every instant it has its old content or its new one, and afterwards it is on the disk.
 * A link of its name is replaced, and not followed.
 */
export const writeWhole = (path: string, content: Uint8Array): Promise<void> =>
  diskStorage(dirname(path)).replaceFile(basename(path), content)

/**
 * Makes a folder, with those above it, where it is missing.
 *
 * @param name the folder as the user gave it
 * @param remedy how to choose another
 * @throws CliError where it cannot be made
 */
export async function makeFolder(path: string, name: string, remedy: string): Promise<void> {
  try {
    await makeFolders(path)
  } catch (error) {
    const code = errorCode(error) ?? ''
    const problem = ['EEXIST', 'ENOTDIR'].includes(code) ? 'a file is in its way' : (problemOf(code) ?? code)
    throw new CliError(`cannot make the folder ${name}: ${problem}. Choose another with ${remedy}`, undefined, {
      cause: error,
    })
  }
}

/** Node's `recursive` never ends where nothing can be made, as in `/proc`. */
async function makeFolders(path: string): Promise<void> {
  try {
    await mkdir(path)
  } catch (error) {
    const code = errorCode(error)
    if (code === 'EEXIST' && (await stat(path)).isDirectory()) return
    if (code !== 'ENOENT' || existsSync(dirname(path))) throw error
    await makeFolders(dirname(path))
    await makeFolders(path)
  }
}

async function naming(path: string, writing: Promise<void>): Promise<void> {
  try {
    await writing
  } catch (error) {
    throw Object.assign(error as NodeJS.ErrnoException, { path })
  }
}
