import type { Key } from '@ddnet/ops'
import type { Dataset, ImageShape, Sample } from './dataset.ts'
import { DatasetError } from './dataset-error.ts'

export interface HostBatch {
  /** `[batch, height, width, channels]` */
  readonly images: Float32Array
  /** `[batch]` */
  readonly labels: Int32Array
  readonly shape: ImageShape
}

export interface HostBatchesOptions {
  readonly batchSize: number
  /** Dataset indices in the order of this epoch; as they are stored where there is none. */
  readonly order: Uint32Array | undefined
  /** The key of this epoch's samples, folded by dataset index. */
  readonly key: Key | undefined
  /** The first batch to make, and the one to stop before. */
  readonly position: number
  readonly length: number
  readonly prefetch: number
}

/** Batches `position … length − 1` of one epoch in host memory, at most `prefetch` ahead of the consumer. */
export async function* hostBatches(
  dataset: Dataset<Sample>,
  { batchSize, order, key, position, length, prefetch }: HostBatchesOptions,
): AsyncGenerator<HostBatch, void, undefined> {
  const indicesOf = (batch: number): number[] => {
    const start = batch * batchSize
    const size = Math.min(batchSize, dataset.length - start)
    return Array.from({ length: size }, (_, at) => order?.[start + at] ?? start + at)
  }
  const optionsOf = (index: number) => ({ key: key?.fold(index) })

  const { getSync } = dataset
  if (getSync) {
    for (let batch = position; batch < length; batch++) {
      const indices = indicesOf(batch)
      yield collate(
        indices.map((index) => getSync.call(dataset, index, optionsOf(index))),
        indices,
      )
    }
    return
  }

  const load = async (batch: number): Promise<HostBatch> => {
    const indices = indicesOf(batch)
    return collate(await Promise.all(indices.map((index) => dataset.get(index, optionsOf(index)))), indices)
  }
  const ahead: Promise<HostBatch>[] = []
  let started = position
  for (let batch = position; batch < length; batch++) {
    while (started < length && started <= batch + prefetch) {
      const loading = load(started++)
      // A failure is reported when its batch is due, not as an unhandled rejection before.
      loading.catch(() => {})
      ahead.push(loading)
    }
    yield (await ahead.shift()) as HostBatch // the loop above put one there
  }
}

/** Samples side by side in one array; bytes are divided by 255. */
function collate(samples: readonly Sample[], indices: readonly number[]): HostBatch {
  const { shape } = samples[0] as Sample
  const size = shape[0] * shape[1] * shape[2]
  const images = new Float32Array(samples.length * size)
  const labels = new Int32Array(samples.length)
  for (const [at, sample] of samples.entries()) {
    if (sample.shape.some((side, axis) => side !== shape[axis]) || sample.image.length !== size) {
      throw new DatasetError(
        `loader: sample ${indices[at]} is [${sample.shape}] with ${sample.image.length} values, but sample ${indices[0]} ` +
          `of the same batch is [${shape}]. Bring them to one shape, for instance with resize(size).`,
      )
    }
    const { image } = sample
    const start = at * size
    if (image instanceof Float32Array) images.set(image, start)
    else for (let value = 0; value < size; value++) images[start + value] = (image[value] as number) / 255
    labels[at] = sample.label
  }
  return { images, labels, shape }
}
