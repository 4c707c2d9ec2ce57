import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Archive } from '../src/cifar10/sources.ts'
import { type ByteServer, type Misbehaviour, serveBytes } from './byte-server.ts'
import { type Synthetic, writeBinaryBatches } from './synthetic-cifar10.ts'
import { temporaryFolder } from './temporary-folder.ts'

/** Serves the synthetic data as the official archive is: a `.tar.gz`, packed by the system's tar. */
export async function serveArchive(
  data: Synthetic,
  behaviours: (Misbehaviour | undefined)[] = [],
): Promise<{ archive: Archive; server: ByteServer }> {
  const folder = await temporaryFolder()
  await writeBinaryBatches(join(folder, 'cifar-10-batches-bin'), data)
  await promisify(execFile)('tar', ['-czf', 'archive.tar.gz', 'cifar-10-batches-bin'], { cwd: folder })
  const content = await readFile(join(folder, 'archive.tar.gz'))
  const server = await serveBytes(content, behaviours)
  const sha256 = createHash('sha256').update(content).digest('hex')
  return { server, archive: { url: server.url, bytes: content.length, sha256 } }
}
