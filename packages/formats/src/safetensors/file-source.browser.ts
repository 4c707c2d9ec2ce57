import type { ByteSource } from './byte-source.ts'
import { SafetensorsError } from './safetensors-error.ts'

// The same function as file-source.node.ts, for pages.

export async function fileSource(path: string | URL): Promise<ByteSource> {
  throw new SafetensorsError(`a page has no files: got '${path}'. Give a File, a Blob, or an http URL as new URL(…).`)
}
