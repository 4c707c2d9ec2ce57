import { appendFile, readFile, writeFile } from 'node:fs/promises'
import type { z } from 'zod'
import { CliError } from './errors.ts'

// Node's errors name the path only where a file is opened, and a full disk shows when it is written.

export const write = (path: string, content: string | Uint8Array): Promise<void> =>
  naming(path, writeFile(path, content))

export const append = (path: string, text: string): Promise<void> => naming(path, appendFile(path, text))

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
