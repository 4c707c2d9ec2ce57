import { createReadStream } from 'node:fs'
import { errorCode } from '@ddnet/ops/checks'
import { UsageError, whyUnreadable } from '../errors.ts'

/** More than all settings there are take, written out with comments. */
const maxBytes = 1_000_000

/**
 * The text of a file of settings, or of what a pipe gives.
 *
 * @throws UsageError for one that cannot be read, is no text in UTF-8, or has no end
 */
export async function readConfigText(path: string): Promise<string> {
  const bytes = await readBytes(path)
  const fail = (problem: string): never => {
    throw new UsageError(`cannot read ${path}: ${problem}`)
  }
  if (bytes.length > maxBytes) fail(`it has more than ${maxBytes / 1e6} MB. Give the path of a file of settings.`)
  // As Windows' older shells redirect output, and its Notepad saves "Unicode".
  const [first, second] = bytes
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff))
    fail('it is in UTF-16. Save it as UTF-8.')
  if (bytes.includes(0)) fail('it is not a text. Give the path of a file of settings.')
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes) // without the mark that some editors put first
  } catch {
    return fail('it is not in UTF-8. Save it as UTF-8.')
  }
}

async function readBytes(path: string): Promise<Uint8Array> {
  const chunks: Buffer[] = []
  try {
    for await (const chunk of createReadStream(path, { end: maxBytes })) chunks.push(chunk)
    return Buffer.concat(chunks)
  } catch (error) {
    throw new UsageError(
      `cannot read ${path}: ${whyUnreadable(errorCode(error), path)}. Give the path of a file of settings.`,
      {
        cause: error,
      },
    )
  }
}
