import { readFile, rename, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { itemAt } from '@ddnet/testing'
import { describe, expect, test } from 'vitest'
import {
  type Picture,
  type Synthetic,
  synthetic,
  writeBinaryBatches,
  writeClassFolders,
  writePngBatches,
} from '../../test/synthetic-cifar10.ts'
import { temporaryFolder } from '../../test/temporary-folder.ts'
import { readFolder } from './read-folder.ts'
import type { Split } from './split.ts'

const data = synthetic()
const read = (directory: string) => readFolder(directory, data.facts, () => {})

async function folderWith(
  write: (directory: string, data: Synthetic) => Promise<void>,
  content = data,
): Promise<string> {
  const folder = await temporaryFolder()
  await write(folder, content)
  return folder
}

/** Changes one byte of a file. */
async function damage(path: string, at: number): Promise<void> {
  const bytes = await readFile(path)
  bytes[at] = itemAt(bytes, at) ^ 1
  await writeFile(path, bytes)
}

function expectPictures(split: Split, pictures: readonly Picture[]): void {
  expect([...split.labels]).toEqual(pictures.map(({ label }) => label))
  for (const [at, { pixels }] of pictures.entries()) {
    expect(Buffer.from(pixels).equals(split.images.subarray(at * 3072, (at + 1) * 3072)), `image ${at}`).toBe(true)
  }
}

/** A copy with one pixel of the first training image changed. */
const retouched = (): Synthetic => {
  const train = data.train.map(({ label, pixels }) => ({ label, pixels: pixels.slice() }))
  const first = itemAt(train, 0)
  first.pixels[100] = itemAt(first.pixels, 100) ^ 1
  return { ...data, train }
}

describe('binary batches', () => {
  test.each(['', 'cifar-10-batches-bin'])('are read from the folder or its %j', async (inner) => {
    const folder = await temporaryFolder()
    await writeBinaryBatches(join(folder, inner), data)
    const { train, test } = await read(folder)
    expectPictures(train, data.train)
    expectPictures(test, data.test)
  })

  test('a missing file is named', async () => {
    const folder = await folderWith(writeBinaryBatches)
    await rm(join(folder, 'data_batch_2.bin'))
    await expect(read(folder)).rejects.toThrow(`${join(folder, 'data_batch_2.bin')} is missing. Put the original there`)
  })

  test('a truncated file is named, also where whole images are missing', async () => {
    const folder = await folderWith(writeBinaryBatches)
    const path = join(folder, 'test_batch.bin')
    await truncate(path, 9 * 3073)
    await expect(read(folder)).rejects.toThrow(`${path} is damaged: expected 30730 bytes (10 images), got 27657`)
    await truncate(path, 5)
    await expect(read(folder)).rejects.toThrow(`${path} is damaged: expected 30730 bytes (10 images), got 5`)
  })

  test('a single changed bit is noticed', async () => {
    const folder = await folderWith(writeBinaryBatches)
    const path = join(folder, 'data_batch_1.bin')
    await damage(path, 20_000)
    await expect(read(folder)).rejects.toThrow(`${path} is damaged: expected sha256`)
  })
})

describe('PNG batches', () => {
  test('are read', async () => {
    const { train, test } = await read(await folderWith(writePngBatches))
    expectPictures(train, data.train)
    expectPictures(test, data.test)
  })

  test.each(['data_batch_1.png', 'test_batch.png', 'train_lables.json', 'test_lables.json'])(
    'a missing %s is named',
    async (name) => {
      const folder = await folderWith(writePngBatches)
      await rm(join(folder, name))
      await expect(read(folder)).rejects.toThrow(`${join(folder, name)} is missing`)
    },
  )

  test('a truncated picture is named', async () => {
    const folder = await folderWith(writePngBatches)
    const path = join(folder, 'data_batch_2.png')
    await truncate(path, 10_000)
    await expect(read(folder)).rejects.toThrow(`${path} is damaged, or not a PNG: chunk "IDAT" `)
  })

  test('a changed bit is noticed by the checksum of its chunk', async () => {
    const folder = await folderWith(writePngBatches)
    const path = join(folder, 'data_batch_2.png')
    await damage(path, 10_000)
    await expect(read(folder)).rejects.toThrow(`${path} is damaged, or not a PNG: chunk "IDAT" has another CRC-32`)
  })

  test('a sound picture of other pixels is noticed', async () => {
    const folder = await folderWith(writePngBatches, retouched())
    await expect(read(folder)).rejects.toThrow(
      `${join(folder, 'data_batch_1.png')} does not hold CIFAR-10: expected content`,
    )
  })

  test('a picture of another size is named with both sizes', async () => {
    const folder = await folderWith(writePngBatches)
    const classes = await folderWith(writeClassFolders)
    await rename(join(classes, 'test', 'cat', '0007.png'), join(folder, 'test_batch.png'))
    await expect(read(folder)).rejects.toThrow(
      `${join(folder, 'test_batch.png')}: expected 1024×10 RGB pixels of 8 bits, got 32×32 with 3 channels of 8 bits`,
    )
  })

  test('labels that are too few, out of range, in another order, or no JSON are named', async () => {
    const folder = await folderWith(writePngBatches)
    const path = join(folder, 'test_lables.json')
    await writeFile(path, '[1, 2, 3]')
    await expect(read(folder)).rejects.toThrow(`${path} is damaged: expected 10 labels 0 … 9, got 3 values`)
    await writeFile(path, '[0, 1, 2, 3, 4, 5, 6, 7, 8, 10]')
    await expect(read(folder)).rejects.toThrow(`${path} is damaged: expected 10 labels 0 … 9`)
    await writeFile(path, '[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]')
    await expect(read(folder)).rejects.toThrow(`${path} does not hold CIFAR-10: expected content with sha256`)
    await writeFile(path, '[0, 1')
    await expect(read(folder)).rejects.toThrow(`${path} is damaged: it is not JSON`)
  })
})

describe('class folders', () => {
  test('are read by class and file name', async () => {
    const { train, test } = await read(await folderWith(writeClassFolders))
    const byLabel = (pictures: Picture[]) => pictures.toSorted((a, b) => a.label - b.label)
    expectPictures(train, byLabel(data.train))
    expectPictures(test, byLabel(data.test))
  })

  test('a missing class is named', async () => {
    const folder = await folderWith(writeClassFolders)
    await rm(join(folder, 'train', 'frog'), { recursive: true })
    await expect(read(folder)).rejects.toThrow(`${join(folder, 'train', 'frog')} is missing`)
  })

  test('a missing picture is told by the count of its class', async () => {
    const folder = await folderWith(writeClassFolders)
    await rm(join(folder, 'test', 'dog', '0009.png'))
    await expect(read(folder)).rejects.toThrow(`${join(folder, 'test', 'dog')}: expected 1 PNG files, got 0`)
  })

  test('a damaged picture is named', async () => {
    const folder = await folderWith(writeClassFolders)
    const path = join(folder, 'test', 'cat', '0007.png')
    await damage(path, 500)
    await expect(read(folder)).rejects.toThrow(`${path} is damaged, or not a PNG: chunk "IDAT" `)
  })

  test('a sound picture of other pixels is noticed', async () => {
    const folder = await folderWith(writeClassFolders, retouched())
    await expect(read(folder)).rejects.toThrow(`${join(folder, 'train')} does not hold CIFAR-10's images`)
  })
})

test('a folder without any of the layouts is told what it could hold', async () => {
  const folder = await temporaryFolder()
  await expect(read(folder)).rejects.toThrow(`${folder} holds no CIFAR-10: expected data_batch_1.bin`)
})

test('a folder that does not exist is named', async () => {
  await expect(read('/no/such/folder')).rejects.toThrow('cifar10: cannot read the directory /no/such/folder')
})
