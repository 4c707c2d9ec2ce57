import { createHash } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { errorCode, itemAt } from '@ddnet/ops/checks'
import { DatasetError } from '../dataset-error.ts'
import { isJunk } from '../files/junk.ts'
import { cifar10ClassNames } from './class-names.ts'
import { decodePng } from './decode-png.ts'
import { readBytes } from './file-source.ts'
import { type Cifar10Facts, IMAGE_BYTES, type SplitFacts } from './official.ts'
import type { Split, Splits } from './split.ts'

const READ_AT_ONCE = 16

/**
 * PNGs in a folder a class: `train/airplane/*.png` … `test/truck/*.png`, in the order of the labels and, within a
 * class, of the file names. That order is not the official one, but the images must be.
 *
 * @throws DatasetError naming the folder that is missing or has another number of files, or the file that does not decode
 */
export async function readClassFolders(directory: string, facts: Cifar10Facts, remedy: string): Promise<Splits> {
  return {
    train: await readSplit(join(directory, 'train'), facts.train, remedy),
    test: await readSplit(join(directory, 'test'), facts.test, remedy),
  }
}

async function readSplit(directory: string, facts: SplitFacts, remedy: string): Promise<Split> {
  const count = facts.batches.reduce((total, batch) => total + batch.count, 0)
  const perClass = count / cifar10ClassNames.length
  const images = new Uint8Array(count * IMAGE_BYTES)
  const labels = new Uint8Array(count)
  const digests: Buffer[] = []
  for (const [label, className] of cifar10ClassNames.entries()) {
    const folder = join(directory, className)
    const names = await pngNames(folder, remedy)
    if (names.length !== perClass) {
      throw new DatasetError(`${folder}: expected ${perClass} PNG files, got ${names.length}. ${remedy}`)
    }
    for (let first = 0; first < perClass; first += READ_AT_ONCE) {
      const paths = names.slice(first, first + READ_AT_ONCE).map((name) => join(folder, name))
      const files = await Promise.all(paths.map((path) => readBytes(path, remedy)))
      for (const [at, file] of files.entries()) {
        const pixels = await decodePng(file, { width: 32, height: 32, path: itemAt(paths, at), remedy })
        const image = label * perClass + first + at
        images.set(pixels, image * IMAGE_BYTES)
        labels[image] = label
        digests.push(createHash('sha256').update(Uint8Array.of(label)).update(pixels).digest())
      }
    }
  }
  const checksum = createHash('sha256')
    .update(Buffer.concat(digests.sort(Buffer.compare)))
    .digest('hex')
  if (checksum !== facts.sortedSha256) {
    throw new DatasetError(
      `${directory} does not hold CIFAR-10's images: expected sha256 ${facts.sortedSha256} over the sorted images, got ${checksum}. ${remedy}`,
    )
  }
  return { images, labels }
}

async function pngNames(folder: string, remedy: string): Promise<string[]> {
  try {
    return (await readdir(folder)).filter((name) => /\.png$/i.test(name) && !isJunk(name)).sort()
  } catch (error) {
    if (errorCode(error) === 'ENOENT') throw new DatasetError(`${folder} is missing. ${remedy}`, { cause: error })
    throw error
  }
}
