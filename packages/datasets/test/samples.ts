import {
  type ClassificationSample,
  type Dataset,
  DatasetError,
  imageDataset,
  map,
  randomCrop,
  randomHorizontalFlip,
} from '@ddnet/datasets'

const COUNT = 24
const images = imageDataset({
  images: Uint8Array.from({ length: COUNT * 48 }, (_, at) => (at * 37) % 256),
  labels: Array.from({ length: COUNT }, (_, index) => index),
  shape: [4, 4, 3],
})

const tooMany = Object.assign(new Error('EMFILE: too many open files'), { code: 'EMFILE' })

/** What the tests of workers read: sample 13 is damaged, for 23 a process has no file left, and whoever reads sample 17 dies. */
export const samples: Dataset<ClassificationSample> = map(
  {
    length: COUNT,
    get: async (index, options) => {
      if (index === 13) throw new DatasetError('photos/13.jpg is damaged', { path: 'photos/13.jpg' })
      if (index === 23) throw new DatasetError('cannot read photos/23.jpg', { cause: tooMany, path: 'photos/23.jpg' })
      if (index === 17) return new Promise(() => setTimeout(() => process.exit(3)))
      return images.get(index, options)
    },
  },
  randomHorizontalFlip(),
  randomCrop({ padding: 1 }),
)
