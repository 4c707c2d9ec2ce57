import { imageDataset } from '@ddnet/datasets'
import { useBackend } from '@ddnet/testing'
import { beforeAll, expect, test } from 'vitest'
import { builtIn } from './built-in/registry.ts'
import { trainingLoader } from './parts.ts'
import { entriesOf } from './settings/entries.ts'
import { resolveConfig } from './settings/resolve.ts'
import { settingCatalog } from './settings/setting-catalog.ts'

beforeAll(() => useBackend('cpu'))

const catalog = settingCatalog(builtIn)
const configOf = (settings: object) => resolveConfig([entriesOf(settings, 'test', catalog)], 'short', catalog).config

test('crops are of images that have their size', async () => {
  const images = imageDataset({ images: new Uint8Array(4 * 4 * 3), labels: [0], shape: [4, 4, 3] })
  const facts = { image: { height: 8, width: 8, channels: 3 }, classNames: ['a', 'b'] }
  // 4 pixels could not be reflected 7 wide.
  for await (const batch of trainingLoader(images, configOf({ 'data.size': 8, 'data.crop': 7 }), facts)) {
    expect(batch.image.shape).toEqual([1, 8, 8, 3])
    for (const tensor of Object.values(batch)) tensor.dispose()
  }
})
