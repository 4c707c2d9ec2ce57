import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../../test/temporary-folder.ts'
import { readTarGz } from './tar.ts'

async function archiveThatSays(size: string): Promise<string> {
  const header = Buffer.alloc(512)
  header.write('data.bin')
  header.write(size, 124)
  const path = join(await temporaryFolder(), 'data.tar.gz')
  await writeFile(path, gzipSync(header))
  return path
}

test('a size in a header takes no memory before its bytes are there', async () => {
  // 8 GB in 512 bytes.
  await expect(readTarGz(await archiveThatSays('77777777777'))).rejects.toThrow(
    'the archive ends 8589934592 bytes early',
  )
})

test('a size that is not a number is refused', async () => {
  await expect(readTarGz(await archiveThatSays('size'))).rejects.toThrow(
    'the archive has a file of "size" bytes: it is damaged',
  )
  await expect(readTarGz(await archiveThatSays('-0000001000'))).rejects.toThrow('the archive has a file of "-000')
})
