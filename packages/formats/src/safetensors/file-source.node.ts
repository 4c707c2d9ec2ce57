import { open } from 'node:fs/promises'
import type { ByteSource } from './byte-source.ts'
import { SafetensorsError } from './safetensors-error.ts'

/**
 * A file on the disk. It stays open, so that it is the same file for every read, whatever is renamed over it.
 * @throws SafetensorsError naming the path that is not there, is a folder, or may not be read
 */
export async function fileSource(path: string | URL): Promise<ByteSource> {
  const handle = await open(path, 'r').catch((error: NodeJS.ErrnoException) => {
    const reason = error.code === 'ENOENT' ? 'there is no such file' : error.message
    throw new SafetensorsError(`cannot open ${path}: ${reason}.`, { cause: error })
  })
  const stat = await handle.stat()
  if (!stat.isFile()) {
    await handle.close()
    throw new SafetensorsError(`cannot open ${path}: it is ${stat.isDirectory() ? 'a folder' : 'no file'}.`)
  }
  const { size } = stat
  return {
    size,
    async read(begin, end) {
      const bytes = new Uint8Array(end - begin)
      for (let done = 0; done < bytes.length; ) {
        const { bytesRead } = await handle.read(bytes, done, bytes.length - done, begin + done)
        if (bytesRead === 0)
          throw new SafetensorsError(`${path} ends at byte ${begin + done}; it was cut after it was opened.`)
        done += bytesRead
      }
      return bytes
    },
    close: () => handle.close(),
  }
}
