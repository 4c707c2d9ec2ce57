import { readFile } from 'node:fs/promises'
import { errorCode } from '@ddnet/ops/checks'
import { UsageError, whyUnreadable } from '../errors.ts'

/** @throws UsageError for a file of settings that cannot be read */
export async function readConfigText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    const code = errorCode(error)
    throw new UsageError(`cannot read ${path}: ${whyUnreadable(code)}. Give the path of a file of settings.`, {
      cause: error,
    })
  }
}
