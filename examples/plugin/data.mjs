import { float, imageField } from '@ddnet/datasets'
import { random } from '@ddnet/ops'
import { defineData, z } from 'ddnet'

const side = 16
const facts = { image: { height: side, width: side, channels: 1 } }

/** White discs in the middle of black images. Their radii are drawn evenly from 0.25 to 1 of half a side. */
function discs(count, key) {
  const radii = random.uniformValues(key, count).map((share) => 0.25 + 0.75 * share)
  const middle = (side - 1) / 2
  const distance = (pixel) => Math.hypot((pixel % side) - middle, Math.floor(pixel / side) - middle)
  const getSync = (index) => {
    const reach = (radii[index] * side) / 2
    const pixels = Uint8Array.from({ length: side ** 2 }, (_, pixel) => (distance(pixel) < reach ? 255 : 0))
    return { image: imageField(pixels, [side, side, 1]), radius: float(radii[index]) }
  }
  return { length: count, getSync, get: async (index) => getSync(index) }
}

/** `data=./data.mjs`, which has the setting `data.count`. */
export default defineData({
  name: 'discs',
  options: z.strictObject({ count: z.int().positive().default(256).describe('Discs to train on') }),
  title: () => 'Discs',
  facts: () => facts, // known before anything is loaded
  async load({ count }) {
    const key = random.key(0)
    return {
      train: discs(count, key.fold('train')),
      validation: discs(32, key.fold('validation')), // what the run chooses its best checkpoint by
      test: discs(64, key.fold('test')),
      facts,
    }
  },
})
