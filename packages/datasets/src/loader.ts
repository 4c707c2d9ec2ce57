import { type Key, random, type Tensor1D, type Tensor4D, tensor } from '@ddnet/ops'
import type { Dataset, Sample } from './dataset.ts'
import { DatasetError } from './dataset-error.ts'
import { hostBatches } from './host-batches.ts'

/** One step's data. Whoever receives it disposes both tensors. */
export interface Batch {
  /** `[batch, height, width, channels]`, float32 */
  readonly images: Tensor4D
  /** `[batch]`, int32 */
  readonly labels: Tensor1D
}

/** Where a loader stands, as JSON: `position` batches of epoch `epoch` (from 0) were handed out. */
export interface LoaderState {
  readonly epoch: number
  readonly position: number
}

/**
 * Batches. Each iteration is one epoch, and each new one begins the next, also after a `break`.
 * While batch `i` (from 0) is being consumed, `state()` says `position: i + 1`, whatever was prefetched; when the
 * iteration is over it says `position: 0` of the next epoch. After `restore(state)` the next iteration hands out
 * exactly the batches that the interrupted one still owed (none, if it stood behind the last one).
 */
export interface Loader<B> extends AsyncIterable<B> {
  /** batches an epoch */
  readonly length: number
  state(): LoaderState
  restore(state: LoaderState): void
}

export interface LoaderOptions {
  readonly batchSize: number
  /** A new order every epoch; needs `key`. */
  readonly shuffle?: boolean
  /** Decides the order and gives each sample its own key; needed by `shuffle` and by random transforms. */
  readonly key?: Key | undefined
  /** Leave out the last batch where it is smaller than the others. */
  readonly dropLast?: boolean
  /** How many batches to prepare ahead where samples come asynchronously; those in memory take no waiting. */
  readonly prefetch?: number
}

/**
 * Batches of a dataset of images, which must have one shape. Bytes become floats 0 … 1, as by PyTorch's ToTensor.
 * With key `k`, epoch `e` has the order `random.permutation(k.fold('epoch').fold(e), length)`, and the sample at
 * dataset index `i` the key `k.fold('sample').fold(e).fold(i)`.
 *
 * @throws DatasetError for options that cannot work, and for samples whose shapes differ
 * @example
 * for await (const { images, labels } of loader(train, { batchSize: 64, shuffle: true, key: random.key(42) })) {
 *   …
 *   dispose([images, labels])
 * }
 */
export function loader(
  dataset: Dataset<Sample>,
  { batchSize, shuffle = false, key, dropLast = false, prefetch = 2 }: LoaderOptions,
): Loader<Batch> {
  if (!Number.isInteger(batchSize) || batchSize < 1) {
    throw new DatasetError(`loader: expected batchSize to be a whole number from 1, got ${batchSize}`)
  }
  if (!Number.isInteger(prefetch) || prefetch < 0) {
    throw new DatasetError(`loader: expected prefetch to be a whole number from 0, got ${prefetch}`)
  }
  if (shuffle && !key)
    throw new DatasetError('loader: shuffle needs a key, as in { shuffle: true, key: random.key(42) }')
  const length = dropLast ? Math.floor(dataset.length / batchSize) : Math.ceil(dataset.length / batchSize)
  if (length === 0) {
    throw new DatasetError(
      `loader: ${dataset.length} samples make no batch of ${batchSize}${dropLast ? ' (dropLast)' : ''}`,
    )
  }

  let next: LoaderState = { epoch: 0, position: 0 } // where the next iteration begins
  let received: LoaderState = next // what the consumer has

  async function* iterate(): AsyncGenerator<Batch, void, undefined> {
    const { epoch, position } = next
    next = { epoch: epoch + 1, position: 0 }
    received = { epoch, position }
    const order = shuffle && key ? random.permutation(key.fold('epoch').fold(epoch), dataset.length) : undefined
    const sampleKey = key?.fold('sample').fold(epoch)
    let handed = position
    for await (const batch of hostBatches(dataset, { batchSize, order, key: sampleKey, position, length, prefetch })) {
      received = { epoch, position: ++handed }
      yield {
        images: tensor(batch.images, [batch.labels.length, ...batch.shape]) as Tensor4D, // the shape has rank 4
        labels: tensor(batch.labels, [batch.labels.length], 'int32') as Tensor1D, // the shape has rank 1
      }
    }
    received = next
  }

  return {
    length,
    [Symbol.asyncIterator]: iterate,
    state: () => received,
    restore({ epoch, position }) {
      if (
        !Number.isSafeInteger(epoch) ||
        epoch < 0 ||
        !Number.isInteger(position) ||
        position < 0 ||
        position > length
      ) {
        throw new DatasetError(
          `loader: expected a state with an epoch from 0 and a position in 0 … ${length}, got ` +
            `${JSON.stringify({ epoch, position })}. It must come from a loader with the same data and batchSize.`,
        )
      }
      next = { epoch, position }
      received = next
    },
  }
}
