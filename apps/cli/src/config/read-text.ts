import { readFile } from 'node:fs/promises'
import { UsageError } from '../errors.ts'

/** @throws UsageError for a file of settings that cannot be read */
export async function readConfigText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const problem = code === 'ENOENT' ? 'there is no such file' : code === 'EISDIR' ? 'it is a folder' : (code ?? error)
    throw new UsageError(`cannot read ${path}: ${problem}. Give the path of a file of settings.`, { cause: error })
  }
}
