import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'

/** What the content of a file is known by. */
export interface Checksum {
  /** What messages call it: `sha256`. */
  readonly name: string
  readonly expected: string
  /** The checksum that a file has. */
  of(path: string): Promise<string>
}

/** The sha256 of a file, in hex. */
export const sha256Checksum = (expected: string): Checksum => ({
  name: 'sha256',
  expected,
  of: (path) => hashFile(path, 'sha256', 'hex'),
})

/** The sha512 of a file, in base64, as npm has it. */
export const sha512Checksum = (expected: string): Checksum => ({
  name: 'sha512',
  expected,
  of: (path) => hashFile(path, 'sha512', 'base64'),
})

/** The name that Git has for a file's content, in hex: the sha1 of `blob LENGTH`, a zero byte, and the content. */
export const gitBlobChecksum = (expected: string): Checksum => ({
  name: 'git blob',
  expected,
  of: async (path) => hashFile(path, 'sha1', 'hex', `blob ${(await stat(path)).size}\0`),
})

/** In which way a file is not the one that a checksum is of: `expected sha256 …, got …`. */
export async function mismatch(path: string, { name, expected, of }: Checksum): Promise<string | undefined> {
  const found = await of(path)
  return found === expected ? undefined : `expected ${name} ${expected}, got ${found}`
}

/** The sha256 of bytes in memory, in hex. */
export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

/** Read piece by piece. */
async function hashFile(path: string, algorithm: string, encoding: 'hex' | 'base64', prefix = ''): Promise<string> {
  const hash = createHash(algorithm).update(prefix)
  for await (const chunk of createReadStream(path)) hash.update(chunk)
  return hash.digest(encoding)
}
