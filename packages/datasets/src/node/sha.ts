import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'

/** The sha256 of bytes in memory, in hex. */
export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

/** The checksum of a file's content, read piece by piece. */
export async function hashFile(path: string, algorithm: string, encoding: 'hex' | 'base64'): Promise<string> {
  const hash = createHash(algorithm)
  for await (const chunk of createReadStream(path)) hash.update(chunk)
  return hash.digest(encoding)
}
