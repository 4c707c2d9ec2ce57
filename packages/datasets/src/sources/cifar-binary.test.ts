import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { memoryFiles } from '../../test/source-files.ts'
import { synthetic, writeBinaryBatches } from '../../test/synthetic-cifar10.ts'
import { temporaryFolder } from '../../test/temporary-folder.ts'
import { imageField } from '../fields.ts'
import { diskFiles } from '../files/disk-files.ts'
import { cifar10Binary, cifar100 } from './cifar-binary.ts'

describe('CIFAR binaries', () => {
  test('of CIFAR-10 are read, any of them', async () => {
    const folder = await temporaryFolder()
    const data = synthetic()
    await writeBinaryBatches(folder, data)
    const batch = await cifar10Binary(diskFiles(folder), ['test_batch.bin'])
    expect(batch.length).toBe(data.test.length)
    for (const [index, { label, pixels }] of data.test.entries()) {
      expect(await batch.get(index)).toEqual({ image: imageField(pixels, [32, 32, 3]), label })
    }
  })

  test('of CIFAR-100 have a fine and a coarse label', async () => {
    const folder = join(await temporaryFolder(), 'cifar-100-binary')
    await mkdir(folder)
    const record = (coarse: number, fine: number, value: number) =>
      Buffer.concat([
        Buffer.of(coarse, fine),
        Buffer.alloc(1024, value),
        Buffer.alloc(1024, value + 1),
        Buffer.alloc(1024, value + 2),
      ])
    await writeFile(join(folder, 'train.bin'), Buffer.concat([record(3, 41, 7), record(19, 99, 8)]))
    await writeFile(join(folder, 'test.bin'), record(0, 0, 9))
    await writeFile(
      join(folder, 'fine_label_names.txt'),
      Array.from({ length: 100 }, (_, at) => `fine ${at}\n`).join(''),
    )
    await writeFile(
      join(folder, 'coarse_label_names.txt'),
      Array.from({ length: 20 }, (_, at) => `coarse ${at}\n`).join(''),
    )
    const fine = await cifar100(diskFiles(folder))
    expect(fine.train.labels).toEqual(Uint8Array.of(41, 99))
    expect(fine.classNames[41]).toBe('fine 41')
    expect([...(await fine.train.get(1)).image.data.subarray(0, 4)]).toEqual([8, 9, 10, 8])
    const coarse = await cifar100(diskFiles(folder), { labels: 'coarse' })
    expect(coarse.train.labels).toEqual(Uint8Array.of(3, 19))
    expect(coarse.classNames.length).toBe(20)
    await writeFile(join(folder, 'test.bin'), record(0, 100, 9))
    await expect(cifar100(diskFiles(folder))).rejects.toThrow(
      /test\.bin is damaged: record 0 has the label 100, expected 0 … 99/,
    )
  })

  test('that were cut are refused', async () => {
    const reading = cifar10Binary(memoryFiles({ a: new Uint8Array(3000) }), ['a'])
    await expect(reading).rejects.toThrow('memory/a is damaged: expected records of 3073 bytes, got 3000 bytes')
  })
})
