import { existsSync } from 'node:fs'
import { appendFile, mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { z } from 'zod'
import { CliError, problemOf } from './errors.ts'

// Node's errors name the path only where a file is opened, and a full disk shows when it is written.

export const write = (path: string, content: string | Uint8Array): Promise<void> =>
  naming(path, writeFile(path, content))

export const append = (path: string, text: string): Promise<void> => naming(path, appendFile(path, text))

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
    const { code = '' } = error as NodeJS.ErrnoException
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
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST' && (await stat(path)).isDirectory()) return
    if (code !== 'ENOENT' || existsSync(dirname(path))) throw error
    await makeFolders(dirname(path))
    await makeFolders(path)
  }
}

/**
 * A JSON file of ours, checked; nothing where there is none.
 *
 * @throws CliError for a file that is damaged
 */
export async function readJsonFile<T>(path: string, schema: z.ZodType<T>): Promise<T | undefined> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  try {
    return schema.parse(JSON.parse(text))
  } catch (error) {
    throw new CliError(`${path} is damaged: it is not what DDNet wrote.`, undefined, { cause: error })
  }
}

async function naming(path: string, writing: Promise<void>): Promise<void> {
  try {
    await writing
  } catch (error) {
    throw Object.assign(error as NodeJS.ErrnoException, { path })
  }
}
