import { existsSync } from 'node:fs'
import { mkdir, stat, writeFile } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { errorCode, errorMessage } from '@ddnet/ops/checks'
import { append as appendBytes, flush, readFile, replaceFile } from '@ddnet/trainer/node'
import type { z } from 'zod'
import { CliError, problemOf } from './errors.ts'

// Node's errors name the path only where a file is opened, and a full disk shows when it is written.

export const write = (path: string, content: string | Uint8Array): Promise<void> =>
  naming(path, writeFile(path, content))

const bytesOf = (content: string | Uint8Array): Uint8Array =>
  typeof content === 'string' ? new TextEncoder().encode(content) : content

/**
 * Makes or replaces a file of a run: at every instant it has its old content or its new one, and afterwards it is on the disk.
 * A link of its name is replaced, and not followed.
 */
export const writeWhole = (path: string, content: string | Uint8Array): Promise<void> =>
  naming(path, replaceFile(dirname(path), basename(path), bytesOf(content)))

/** Adds to a file of a run; afterwards it is on the disk. Nothing is written through a link. */
export const append = (path: string, text: string): Promise<void> =>
  naming(
    path,
    appendBytes(dirname(path), basename(path), bytesOf(text)).then(() => flush(dirname(path), basename(path))),
  )

/**
 * The text of a file of a run; nothing where there is none.
 * @throws CliError for what is no file, such as a named pipe
 */
export async function readText(path: string): Promise<string | undefined> {
  try {
    const bytes = await readFile(dirname(path), basename(path))
    return bytes && new TextDecoder().decode(bytes)
  } catch (error) {
    if (errorCode(error) !== undefined) throw error
    throw new CliError(errorMessage(error), undefined, { cause: error })
  }
}

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

/**
 * A JSON file of a run, checked; nothing where there is none.
 *
 * @param remedy what to do where it is damaged
 * @throws CliError for a file that is damaged
 */
export async function readJsonFile<T>(
  path: string,
  schema: z.ZodType<T>,
  remedy = 'Put the right file back, or delete it.',
): Promise<T | undefined> {
  const text = await readText(path)
  if (text === undefined) return undefined
  try {
    return schema.parse(JSON.parse(text))
  } catch (error) {
    throw new CliError(`${path} is damaged: it is not what DDNet wrote. ${remedy}`, undefined, { cause: error })
  }
}

async function naming(path: string, writing: Promise<void>): Promise<void> {
  try {
    await writing
  } catch (error) {
    throw Object.assign(error as NodeJS.ErrnoException, { path })
  }
}
