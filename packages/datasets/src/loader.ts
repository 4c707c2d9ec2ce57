import { fromHost, type Key, random, type Tensor1D, type Tensor2D, type Tensor3D, type Tensor4D } from '@ddnet/ops'
import type { AnySample } from './collate.ts'
import type { Dataset, DetectionSample, Sample, SegmentationSample, SoftSample } from './dataset.ts'
import { DatasetError } from './dataset-error.ts'
import { hostBatches } from './host-batches.ts'
import type { SampleError } from './sample-error.ts'
import type { Sampler } from './samplers.ts'

/** One step's data. Whoever receives it disposes its tensors. */
export interface Batch {
  /** `[batch, height, width, channels]`, float32 */
  readonly images: Tensor4D
  /** `[batch]`, int32 */
  readonly labels: Tensor1D
}

/** Of samples that belong to several classes. */
export interface SoftBatch {
  readonly images: Tensor4D
  /** `[batch, classes]`, float32 */
  readonly labels: Tensor2D
}

/** Of samples with a mask. */
export interface SegmentationBatch {
  readonly images: Tensor4D
  /** `[batch, height, width]`, int32 */
  readonly labels: Tensor3D
}

/** Of samples with boxes. Those that have fewer than others of the batch are filled up with boxes of zeros, labelled −1. */
export interface DetectionBatch {
  readonly images: Tensor4D
  /** `[batch, most, 4]`, float32 */
  readonly boxes: Tensor3D
  /** `[batch, most]`, int32 */
  readonly boxLabels: Tensor2D
  /** `[batch, height, width]`, int32, where the samples have a mask too */
  readonly masks?: Tensor3D
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

export interface SampleLoader<B> extends Loader<B> {
  /** The samples that were left out so far, by their index: with `onError: 'skip'`. */
  readonly skipped: ReadonlyMap<number, SampleError>
}

export interface LoaderOptions {
  readonly batchSize: number
  /** A new order every epoch; needs `key`. */
  readonly shuffle?: boolean
  /** Draws the samples of each epoch instead of `shuffle`: `weightedSampler({ weights })`; needs `key`. */
  readonly sampler?: Sampler
  /** Decides the order and gives each sample its own key; needed by `shuffle`, samplers and random transforms. */
  readonly key?: Key | undefined
  /** Leave out the last batch where it is smaller than the others. */
  readonly dropLast?: boolean
  /** How many batches to prepare ahead where samples come asynchronously; those in memory take no waiting. */
  readonly prefetch?: number
  /**
   * What becomes of a sample that fails, as a damaged file does: 'throw' a `SampleError` when its batch is due, or 'skip' it
   * and count it in `skipped`. Its batch is smaller then; one of which nothing is left throws.
   */
  readonly onError?: 'throw' | 'skip'
  /** Ends an iteration with its reason as soon as it is aborted, also while a sample is being read. */
  readonly signal?: AbortSignal
}

/**
 * Batches of a dataset of images, which must have one shape. Bytes become floats 0 … 1, as by PyTorch's ToTensor.
 * With key `k`, epoch `e` has the order `random.permutation(k.fold('epoch').fold(e), length)`, and the sample at
 * dataset index `i` the key `k.fold('sample').fold(e).fold(i)`; when a sampler draws it for the `n`-th time more in that
 * epoch, that key's `.fold('again').fold(n)`.
 *
 * @throws DatasetError for options that cannot work, and for samples whose shapes differ
 * @example
 * for await (const { images, labels } of loader(train, { batchSize: 64, shuffle: true, key: random.key(42) })) {
 *   …
 *   dispose([images, labels])
 * }
 */
export function loader(dataset: Dataset<Sample>, options: LoaderOptions): SampleLoader<Batch>
export function loader(dataset: Dataset<SoftSample>, options: LoaderOptions): SampleLoader<SoftBatch>
export function loader(dataset: Dataset<DetectionSample>, options: LoaderOptions): SampleLoader<DetectionBatch>
export function loader(dataset: Dataset<SegmentationSample>, options: LoaderOptions): SampleLoader<SegmentationBatch>
export function loader(dataset: Dataset<AnySample>, options: LoaderOptions): SampleLoader<object> {
  const {
    batchSize,
    shuffle = false,
    sampler,
    key,
    dropLast = false,
    prefetch = 2,
    onError = 'throw',
    signal,
  } = options
  if (!Number.isInteger(batchSize) || batchSize < 1) {
    throw new DatasetError(`loader: expected batchSize to be a whole number from 1, got ${batchSize}`)
  }
  if (!Number.isInteger(prefetch) || prefetch < 0) {
    throw new DatasetError(`loader: expected prefetch to be a whole number from 0, got ${prefetch}`)
  }
  if (shuffle && !key)
    throw new DatasetError('loader: shuffle needs a key, as in { shuffle: true, key: random.key(42) }')
  if (sampler && shuffle) throw new DatasetError('loader: expected shuffle or a sampler, got both. Leave out shuffle.')
  if (sampler && !key) throw new DatasetError('loader: a sampler needs a key, as in { sampler, key: random.key(42) }')
  if (sampler && sampler.from !== dataset.length) {
    throw new DatasetError(
      `loader: the sampler draws from ${sampler.from} samples, but the dataset has ${dataset.length}`,
    )
  }
  if (!Number.isSafeInteger(dataset.length) || dataset.length < 0) {
    throw new DatasetError(`loader: expected a dataset whose length is a whole number from 0, got ${dataset.length}`)
  }
  const count = sampler?.length ?? dataset.length
  const length = dropLast ? Math.floor(count / batchSize) : Math.ceil(count / batchSize)
  if (length === 0) {
    throw new DatasetError(`loader: ${count} samples make no batch of ${batchSize}${dropLast ? ' (dropLast)' : ''}`)
  }

  let next: LoaderState = { epoch: 0, position: 0 } // where the next iteration begins
  let received: LoaderState = next // what the consumer has

  const skipped = new Map<number, SampleError>()
  const onFailure = (error: SampleError): void => {
    if (onError === 'throw') throw error
    skipped.set(error.index, error)
  }

  async function* iterate(): AsyncGenerator<object, void, undefined> {
    const { epoch, position } = next
    next = { epoch: epoch + 1, position: 0 }
    received = { epoch, position }
    const orderKey = key?.fold('epoch').fold(epoch)
    const order = orderKey && (sampler?.order(orderKey) ?? (shuffle ? random.permutation(orderKey, count) : undefined))
    const keyAt = sampleKeys(key?.fold('sample').fold(epoch), sampler && order)
    let handed = position
    const batches = hostBatches(dataset, {
      batchSize,
      order,
      count,
      keyAt,
      position,
      length,
      prefetch,
      signal,
      onFailure,
    })
    for await (const batch of batches) {
      received = { epoch, position: ++handed }
      yield Object.fromEntries(Object.entries(batch).map(([name, tensor]) => [name, fromHost(tensor)]))
    }
    received = next
  }

  return {
    length,
    skipped,
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

/** The key of the sample at each place; one that a sampler has drawn before in this epoch gets another one each time. */
function sampleKeys(
  key: Key | undefined,
  drawn: Uint32Array | undefined,
): (place: number, index: number) => Key | undefined {
  if (!key || !drawn) return (_, index) => key?.fold(index)
  const repeats = new Uint32Array(drawn.length)
  const seen = new Map<number, number>()
  for (const [place, index] of drawn.entries()) {
    const before = seen.get(index) ?? 0
    repeats[place] = before
    seen.set(index, before + 1)
  }
  return (place, index) => {
    const own = key.fold(index)
    const before = repeats[place] as number
    // By name: the transforms of the first draw get folds of its key by numbers.
    return before === 0 ? own : own.fold('again').fold(before)
  }
}
