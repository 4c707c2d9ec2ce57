import { randomUUID } from 'node:crypto'
import { mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { errorCode } from '@ddnet/ops/checks'
import { DatasetError } from '../dataset-error.ts'
import { sha256 } from '../node/checksum.ts'
import { readBytes } from './file-source.ts'
import { type Cifar10Facts, IMAGE_BYTES, type SplitFacts } from './official.ts'
import type { Split, Splits } from './split.ts'

/** Whether the folder of decoded images is there; it appears whole or not at all. */
export async function hasDecodedCache(directory: string): Promise<boolean> {
  try {
    await stat(directory)
    return true
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return false
    throw error
  }
}

/**
 * `train.images.bin` (bytes `[50000, 32, 32, 3]`), `train.labels.bin`, `test.images.bin` and `test.labels.bin`.
 *
 * @throws DatasetError naming the file that is missing, has another size, or other content than CIFAR-10
 */
export async function readDecodedCache(directory: string, facts: Cifar10Facts): Promise<Splits> {
  return {
    train: await readSplit(directory, 'train', facts.train),
    test: await readSplit(directory, 'test', facts.test),
  }
}

async function readSplit(
  directory: string,
  name: 'train' | 'test',
  { batches, labelsSha256 }: SplitFacts,
): Promise<Split> {
  const remedy = `Remove ${directory}; the next call makes it anew.`
  const read = async (path: string, expectedBytes: number): Promise<Uint8Array> => {
    const bytes = await readBytes(path, remedy)
    if (bytes.length === expectedBytes) return bytes
    throw new DatasetError(`${path} is damaged: expected ${expectedBytes} bytes, got ${bytes.length}. ${remedy}`)
  }
  const expectSha256 = (path: string, bytes: Uint8Array, expected: string): void => {
    const checksum = sha256(bytes)
    if (checksum === expected) return
    throw new DatasetError(`${path} is damaged: expected sha256 ${expected}, got ${checksum}. ${remedy}`)
  }

  const count = batches.reduce((total, batch) => total + batch.count, 0)
  const [imagesPath, labelsPath] = [join(directory, `${name}.images.bin`), join(directory, `${name}.labels.bin`)]
  const labels = await read(labelsPath, count)
  expectSha256(labelsPath, labels, labelsSha256)
  const images = await read(imagesPath, count * IMAGE_BYTES)
  let start = 0
  for (const batch of batches) {
    const end = start + batch.count * IMAGE_BYTES
    expectSha256(`${imagesPath} (images of ${batch.name})`, images.subarray(start, end), batch.imagesSha256)
    start = end
  }
  return { images, labels }
}

/**
 * Writes the folder beside its place and renames it, so that it is never half there. If another process has put it
 * there meanwhile, that one stays.
 */
export async function writeDecodedCache(directory: string, splits: Splits): Promise<void> {
  const temporary = `${directory}.tmp-${randomUUID()}`
  await mkdir(temporary, { recursive: true })
  try {
    for (const name of ['train', 'test'] as const) {
      await writeFile(join(temporary, `${name}.images.bin`), splits[name].images, { flush: true })
      await writeFile(join(temporary, `${name}.labels.bin`), splits[name].labels, { flush: true })
    }
    await rename(temporary, directory)
  } catch (error) {
    await rm(temporary, { recursive: true, force: true })
    if (!(isOccupied(error) && (await hasDecodedCache(directory)))) throw error
  }
}

/** What `rename` says of a folder that is there and not empty: Linux and macOS, and Windows. */
const isOccupied = (error: unknown): boolean => ['ENOTEMPTY', 'EEXIST', 'EPERM'].includes(errorCode(error) ?? '')

/** Removes what killed processes left of `writeDecodedCache`; to be called by the holder of the lock. */
export async function removeLeftovers(directory: string): Promise<void> {
  for (const name of await readdir(dirname(directory))) {
    if (!name.startsWith(`${basename(directory)}.tmp-`)) continue
    await rm(join(dirname(directory), name), { recursive: true, force: true })
  }
}
