import { dispose, random } from '@ddnet/ops'
import { useBackend } from '@ddnet/testing'
import { bench, describe } from 'vitest'
import { cifar10ClassNames } from './cifar10/class-names.ts'
import { imageDataset } from './image-dataset.ts'
import { loader } from './loader.ts'
import { map } from './map.ts'
import { normalize } from './transforms/normalize.ts'
import { randomCrop } from './transforms/random-crop.ts'
import { randomHorizontalFlip } from './transforms/random-horizontal-flip.ts'

const BATCHES = 100

await useBackend('cpu')

// What counts is the time a batch: divide by the number of batches in the name.
describe(`${BATCHES} batches of 64 images of CIFAR-10's size`, () => {
  const count = BATCHES * 64
  const images = imageDataset({
    images: Uint8Array.from({ length: count * 3072 }, (_, at) => (at * 37) % 256),
    labels: Uint8Array.from({ length: count }, (_, at) => at % cifar10ClassNames.length),
    shape: [32, 32, 3],
  })
  const standard = normalize({ mean: [0.4914, 0.48216, 0.44653], std: [0.24703, 0.24349, 0.26159] })
  const rows = {
    'as they are': images,
    'flip, normalize': map(images, randomHorizontalFlip(), standard),
    'flip, crop, normalize': map(images, randomHorizontalFlip(), randomCrop({ padding: 4 }), standard),
  }
  for (const [name, dataset] of Object.entries(rows)) {
    const batches = loader(dataset, { batchSize: 64, shuffle: true, key: random.key(1) })
    bench(
      name,
      async () => {
        for await (const batch of batches) dispose([batch.image, batch.label])
      },
      { time: 1_000 },
    )
  }
})
