import { appendFile, writeFile } from 'node:fs/promises'

// Node's errors name the path only where a file is opened, and a full disk shows when it is written.

export const write = (path: string, content: string | Uint8Array): Promise<void> =>
  naming(path, writeFile(path, content))

export const append = (path: string, text: string): Promise<void> => naming(path, appendFile(path, text))

async function naming(path: string, writing: Promise<void>): Promise<void> {
  try {
    await writing
  } catch (error) {
    throw Object.assign(error as NodeJS.ErrnoException, { path })
  }
}
