import { type Key, random, type Tensor, tidy } from '@ddnet/ops'
import { checkSample, type SampleOfFields } from './check-sample.ts'
import { type Batch, type Collatable, collateOnHost, toDevice } from './collate.ts'
import type { Dataset } from './dataset.ts'
import { DatasetError } from './dataset-error.ts'
import { exhaustedCode } from './exhausted.ts'
import { sampleBatches } from './sample-batches.ts'
import type { SampleError, Skipped } from './sample-error.ts'
import type { Sampler } from './samplers.ts'

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
  readonly skipped: Skipped
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
   * and count it in `skipped`. Its batch is smaller then; one of which nothing is left throws, and so does a sample for which the
   * process had no open file or memory left, which says nothing of the sample.
   */
  readonly onError?: 'throw' | 'skip'
  /** Ends an iteration with its reason as soon as it is aborted, also while a sample is being read. */
  readonly signal?: AbortSignal
}

/**
 * Makes one batch of samples, which may be anything: a record of tensors. It is called when the batch is due, within `tidy`, so
 * that of all tensors which it makes only those of the record are left; whoever receives the batch disposes them.
 */
export type Collate<T, B> = (samples: readonly T[], indices: readonly number[]) => B

/**
 * Batches of any dataset. A sample is a record of fields, and a batch has the same names (see `Batch`): of `{ image, label }`
 * it is `image` as `[batch, height, width, channels]`, float32, and `label` as `[batch]`, int32. Samples that are something
 * else, or of differing shapes, take a `collate` of your own.
 *
 * With key `k`, epoch `e` has the order `random.permutation(k.fold('epoch').fold(e), length)`, and the sample at
 * dataset index `i` the key `k.fold('sample').fold(e).fold(i)`; when a sampler draws it for the `n`-th time more in that
 * epoch, that key's `.fold('again').fold(n)`.
 *
 * @throws DatasetError for options that cannot work, and for samples whose fields or shapes differ
 * @example
 * for await (const { image, label } of loader(train, { batchSize: 64, shuffle: true, key: random.key(42) })) {
 *   …
 *   dispose([image, label])
 * }
 */
export function loader<T, B extends object>(
  dataset: Dataset<T>,
  options: LoaderOptions & { readonly collate: Collate<T, B> },
): SampleLoader<B>
export function loader<T extends Collatable<T>>(dataset: Dataset<T>, options: LoaderOptions): SampleLoader<Batch<T>>
export function loader<T>(
  dataset: Dataset<T>,
  options: LoaderOptions & { readonly collate?: Collate<T, object> },
): SampleLoader<object> {
  const {
    batchSize,
    shuffle = false,
    sampler,
    key,
    dropLast = false,
    prefetch = 2,
    onError = 'throw',
    signal,
    collate,
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
    if (onError === 'throw' || exhaustedCode(error) !== undefined) throw error
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
    // What a user's own collate takes is between it and the dataset.
    const check = collate ? () => {} : checkSample
    const reading = { batchSize, order, count, keyAt, position, length, prefetch, signal, check, onFailure }
    for await (const { samples, indices } of sampleBatches(dataset, reading)) {
      const batch = collate
        ? collateTidily(collate, samples, indices)
        : toDevice(collateOnHost(samples as readonly SampleOfFields[], indices)) // each was checked
      received = { epoch, position: ++handed }
      yield batch
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

function collateTidily<T>(collate: Collate<T, object>, samples: readonly T[], indices: readonly number[]): object {
  // Whatever else a batch holds, tidy looks for the tensors in it.
  const batch = tidy(() => collate(samples, indices) as Record<string, Tensor>)
  if (typeof batch === 'object' && batch !== null && !('then' in batch)) return batch
  throw new DatasetError(
    `loader: expected collate to return a record of tensors at once, got ${batch === null || typeof batch !== 'object' ? batch : 'a promise'}. ` +
      'What takes waiting belongs in the dataset.',
  )
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
