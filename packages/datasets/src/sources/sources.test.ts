import { encode } from 'fast-png'
import { describe, expect, test } from 'vitest'
import { fixtureFiles, memoryFiles } from '../../test/source-files.ts'
import { synthetic, writeBinaryBatches } from '../../test/synthetic-cifar10.ts'
import { temporaryFolder } from '../../test/temporary-folder.ts'
import type { Dataset } from '../dataset.ts'
import { diskFiles } from '../files/disk-files.ts'
import { imageDataset } from '../image-dataset.ts'
import type { ImageLimits } from '../images/limits.ts'
import { cifar10Binary } from './cifar-binary.ts'
import { coco } from './coco.ts'
import { imageFolder, imageSplits } from './image-folder.ts'
import { maskFolder } from './mask-folder.ts'
import { mnist } from './mnist.ts'

describe('what is changed in a sample', () => {
  test('changes nothing else, whatever the source', async () => {
    const folder = await temporaryFolder()
    await writeBinaryBatches(folder, synthetic())
    const sources = [
      (await mnist(fixtureFiles('mnist'))).train,
      (await mnist(fixtureFiles('mnist'))).test,
      await cifar10Binary(diskFiles(folder), ['test_batch.bin']),
      await imageFolder(fixtureFiles('photos')),
      await maskFolder(fixtureFiles('cells')),
      await coco(fixtureFiles('coco'), { annotations: 'instances.json', images: 'images', masks: true }),
      imageDataset({ images: Buffer.from([1, 2, 3]), labels: [0], shape: [1, 3, 1] }),
      imageDataset({ images: Float32Array.of(1, 2, 3), labels: [0], shape: [1, 3, 1] }),
    ]
    for (const dataset of sources) {
      const [before, sample] = [structuredClone(await dataset.get(0)), await dataset.get(0)]
      for (const { data } of Object.values(sample).filter((value) => typeof value === 'object')) data.fill(77)
      sample.image.data.slice().fill(78)
      expect(await dataset.get(0)).toEqual(before)
      if (dataset.length > 1)
        expect(Array.from((await dataset.get(1)).image.data).every((value) => value === 77)).toBe(false)
      expect(Buffer.isBuffer(sample.image.data)).toBe(false)
    }
  })
})

test('images of more pixels than are allowed are refused, and allowed by maxPixels', async () => {
  const image = encode({ width: 6, height: 5, channels: 3, data: new Uint8Array(90) })
  const mask = encode({ width: 6, height: 5, channels: 1, data: new Uint8Array(30) })
  const json = JSON.stringify({ images: [{ id: 1, file_name: 'a/1.png', height: 5, width: 6 }] })
  const files = memoryFiles({ 'a/1.png': image, 'images/1.png': image, 'masks/1.png': mask, 'a.json': json })
  const photos = memoryFiles({ 'a/1.png': image })
  const message = 'says that it has 6×5 pixels: expected 1 … 29'
  const firstOf = async (dataset: Dataset<object>) => dataset.get(0)
  for (const open of [
    async (limits: ImageLimits) => firstOf(await imageFolder(photos, limits)),
    async (limits: ImageLimits) => firstOf((await imageSplits(photos, limits)).train),
    async (limits: ImageLimits) => firstOf(await maskFolder(files, limits)),
    async (limits: ImageLimits) => firstOf(await coco(files, { annotations: 'a.json', ...limits })),
  ]) {
    await expect(open({ maxPixels: 29 })).rejects.toThrow(message)
    expect(await open({ maxPixels: 30 })).toMatchObject({ image: { shape: [5, 6, 3] } })
    await expect(open({ maxPixels: 0 })).rejects.toThrow('expected maxPixels to be a whole number from 1, got 0')
  }
  const wide = encode({ width: 6, height: 6, channels: 1, data: new Uint8Array(36) })
  const masked = await maskFolder(memoryFiles({ 'images/1.png': image, 'masks/1.png': wide }), { maxPixels: 30 })
  await expect(masked.get(0)).rejects.toThrow('masks/1.png says that it has 6×6 pixels: expected 1 … 30')
})
