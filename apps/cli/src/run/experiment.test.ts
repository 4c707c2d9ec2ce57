import { imageDataset } from '@ddnet/datasets'
import { useBackend } from '@ddnet/testing'
import { beforeAll, expect, test } from 'vitest'
import { readArguments } from '../config/read-entries.ts'
import { resolveConfig } from '../config/resolve.ts'
import { readSettings } from '../config/settings.ts'
import { trainingLoader } from './experiment.ts'

beforeAll(() => useBackend('cpu'))

const settings = readSettings()
const configOf = (...words: string[]) => resolveConfig([readArguments(words, settings)], 'short', settings).config

test('crops are of images that have their size', async () => {
  const images = imageDataset({ images: new Uint8Array(4 * 4 * 3), labels: [0], shape: [4, 4, 3] })
  // 4 pixels could not be reflected 7 wide.
  for await (const batch of trainingLoader(images, configOf('size=8', 'data.crop=7'))) {
    expect(batch.image.shape).toEqual([1, 8, 8, 3])
    for (const tensor of Object.values(batch)) tensor.dispose()
  }
})
