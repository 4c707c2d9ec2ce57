import { Worker } from 'node:worker_threads'
import {
  type ClassificationSample,
  imageDataset,
  loader,
  map,
  normalize,
  randomCrop,
  randomHorizontalFlip,
  workerDataset,
} from '@ddnet/datasets'
import { dispose, random } from '@ddnet/ops'
import { wasm } from '../../packages/backend-wasm/src/index.ts'
import { photos } from './photos.ts'

/** Reads `count` images as batches, and disposes them. */
export type Row = (count: number) => Promise<void>

const mean = [0.4914, 0.48216, 0.44653]
const std = [0.24703, 0.24349, 0.26159]
const SAMPLES = 6400

/** What is measured, by name: CIFAR's images in memory, and photographs in `folder`, in this thread and in workers. */
export async function rows(folder: string, workerScript: string, workers: number): Promise<Record<string, Row>> {
  await wasm({ threads: 1 })
  const cifar = imageDataset({
    images: Uint8Array.from({ length: SAMPLES * 3072 }, (_, at) => (at * 37) % 256),
    labels: Uint8Array.from({ length: SAMPLES }, (_, at) => at % 10),
    shape: [32, 32, 3],
  })
  const augmented = map(cifar, randomHorizontalFlip(), randomCrop({ padding: 4 }), normalize({ mean, std }))
  const key = random.key(1)
  const read = (batches: ReturnType<typeof loader>, batchSize: number): Row => {
    return async (count) => {
      let left = count / batchSize
      while (left > 0) {
        for await (const batch of batches) {
          dispose([batch.image, batch.label])
          if (--left <= 0) break
        }
      }
    }
  }
  const inWorkers = await workerDataset<ClassificationSample>(() => new Worker(workerScript, { workerData: folder }), {
    workers,
  })
  return {
    'CIFAR, flip + crop': read(loader(augmented, { batchSize: 64, shuffle: true, key }), 64),
    JPEG: read(loader(await photos(folder), { batchSize: 32, shuffle: true, key }), 32),
    [`JPEG, ${workers} workers`]: read(loader(inWorkers, { batchSize: 32, shuffle: true, key }), 32),
  }
}
