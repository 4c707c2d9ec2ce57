import { imageDataset, maskField, type SegmentationSample } from '@ddnet/datasets'
import { dispose, random } from '@ddnet/ops'
import { itemAt, useBackend } from '@ddnet/testing'
import { beforeAll, expect, test } from 'vitest'
import { trainingLoader } from '../parts.ts'
import { entriesOf } from '../settings/entries.ts'
import { resolveConfig } from '../settings/resolve.ts'
import { settingCatalog } from '../settings/setting-catalog.ts'
import { mixtures } from './mixing.ts'
import { builtIn } from './registry.ts'

beforeAll(() => useBackend('cpu'))

const catalog = settingCatalog(builtIn)
const configOf = (settings: object) =>
  resolveConfig([entriesOf({ 'data.flip': false, batchSize: 6, ...settings }, 'test', catalog)], 'short', catalog)
    .config

const facts = { image: { height: 32, width: 32, channels: 3 }, classNames: ['a', 'b', 'c', 'd', 'e', 'f'] }
/** Image `i` is all `40 · i`, and of class `i`. */
const flat = imageDataset({
  images: Uint8Array.from({ length: 6 * 3072 }, (_, at) => 40 * Math.floor(at / 3072)),
  labels: [0, 1, 2, 3, 4, 5],
  shape: [32, 32, 3],
})

/** The probabilities of the first batch, and the gray that they stand for, beside that of the images. */
async function firstBatch(settings: object) {
  const mean = 0
  for await (const batch of trainingLoader(flat, configOf({ 'data.mean': mean, 'data.std': 1, ...settings }), facts)) {
    const [images, labels] = [await batch.image.data(), await batch.label.data()]
    const shape = batch.label.shape
    dispose(batch)
    const rows = Array.from({ length: 6 }, (_, row) => Array.from(labels.slice(6 * row, 6 * row + 6), Number))
    const grays = Array.from({ length: 6 }, (_, row) => {
      const own = Array.from(images.slice(3072 * row, 3072 * (row + 1)), Number)
      return own.reduce((sum, value) => sum + value, 0) / 3072
    })
    return { shape, rows, grays }
  }
  throw new Error('no batch')
}

test.each([{ 'task.mixUp': 0.4 }, { 'task.cutMix': 1 }, { 'task.mixUp': 0.4, 'task.cutMix': 1 }])(
  'training images are mixed with %o, and their classes with them',
  async (settings) => {
    const { shape, rows, grays } = await firstBatch(settings)
    expect(shape).toEqual([6, 6])
    for (const [at, row] of rows.entries()) {
      const gray = row.reduce((sum, share, label) => sum + (share * 40 * label) / 255, 0)
      expect(itemAt(grays, at)).toBeCloseTo(gray, 5)
    }
    expect(rows.some((row) => row.filter((share) => share > 0).length === 2)).toBe(true)
  },
)

test('without them labels are classes', async () => {
  expect((await firstBatch({})).shape).toEqual([6])
})

test('of both each sample draws one, with its own key', async () => {
  const mixed = mixtures(flat, { mixUp: 1, cutMix: 1, classes: { label: 6 } })
  const kinds = Array.from({ length: 60 }, (_, seed) => {
    const { image } = mixed.getSync?.(4, { key: random.key(seed) }) ?? {}
    return image?.data instanceof Uint8Array ? 'cutMix' : 'mixUp' // which blends, to floats
  })
  const cut = kinds.filter((kind) => kind === 'cutMix').length
  expect(cut).toBeGreaterThan(15)
  expect(cut).toBeLessThan(45)
  expect(await mixed.get(4, { key: random.key(3) })).toEqual(mixed.getSync?.(4, { key: random.key(3) }))
})

test('masks are cut with their images', async () => {
  const masked = {
    length: 6,
    get: async (index: number): Promise<SegmentationSample> => ({
      image: (await flat.get(index)).image,
      mask: maskField(new Uint8Array(1024).fill(index), [32, 32]),
    }),
  }
  const seen = new Set<number>()
  for (let seed = 0; seed < 20; seed++) {
    const { image, mask } = await mixtures(masked, { cutMix: 1, classes: {} }).get(2, { key: random.key(seed) })
    expect([...mask.data]).toEqual(Array.from({ length: 1024 }, (_, at) => itemAt(image.data, 3 * at) / 40))
    for (const value of mask.data) seen.add(value)
  }
  expect(seen.size).toBeGreaterThan(3)
})

test.each(['autoAugmentCifar10', 'autoAugmentImageNet', 'autoAugmentSvhn', 'randAugment', 'trivialAugment', 'augMix'])(
  'data.augment=%s changes training images, anew each epoch',
  async (augment) => {
    const images = Uint8Array.from({ length: 3072 }, (_, at) => (at * at) % 251)
    const one = imageDataset({ images, labels: [0], shape: [32, 32, 3] })
    const batches = trainingLoader(one, configOf({ 'data.augment': augment }), facts)
    const seen = new Set<string>()
    for (let epoch = 0; epoch < 10; epoch++) {
      for await (const batch of batches) {
        seen.add((await batch.image.data()).join())
        dispose(batch)
      }
    }
    expect(seen.size).toBeGreaterThan(4)
  },
)
