import type { Key } from '@ddnet/ops'
import { itemAt } from '@ddnet/ops/checks'
import type { Dataset, GetOptions } from './dataset.ts'
import { SampleError } from './sample-error.ts'

/** The samples of one batch, and their indices in the dataset. */
export interface SampleBatch<T> {
  readonly samples: readonly T[]
  readonly indices: readonly number[]
}

export interface SampleBatchesOptions<T> {
  readonly batchSize: number
  /** Dataset indices in the order of this epoch; as they are stored where there is none. */
  readonly order: Uint32Array | undefined
  /** How many samples the epoch has. */
  readonly count: number
  /** The key of the sample at a place of the order. */
  readonly keyAt: (place: number, index: number) => Key | undefined
  /** The first batch to make, and the one to stop before. */
  readonly position: number
  readonly length: number
  readonly prefetch: number
  readonly signal: AbortSignal | undefined
  /** Throws for what is not a sample that can be collated; it fails then, as one that cannot be read. */
  readonly check: (sample: T) => void
  /** Told of a sample that failed; throws where that ends the epoch. */
  readonly onFailure: (error: SampleError) => void
}

/** The samples of batches `position … length − 1` of one epoch, at most `prefetch` batches ahead of the consumer. */
export async function* sampleBatches<T>(
  dataset: Dataset<T>,
  { batchSize, order, count, keyAt, position, length, prefetch, signal, check, onFailure }: SampleBatchesOptions<T>,
): AsyncGenerator<SampleBatch<T>, void, undefined> {
  // Ends with this iteration, however it ends: what is still being read is not wanted any more.
  const ended = new AbortController()
  const stop = signal ? AbortSignal.any([signal, ended.signal]) : ended.signal
  const placesOf = (batch: number): number[] => {
    const start = batch * batchSize
    return Array.from({ length: Math.min(batchSize, count - start) }, (_, at) => start + at)
  }
  const indexAt = (place: number): number => order?.[place] ?? place
  const optionsAt = (place: number): GetOptions => ({ key: keyAt(place, indexAt(place)), signal: stop })

  /** What was read, or why it was not, side by side; failures are told when the batch is due. */
  const finish = (places: readonly number[], results: readonly (Read<T> | SampleError)[]): SampleBatch<T> => {
    const samples: T[] = []
    const indices: number[] = []
    let failure: SampleError | undefined
    for (const [at, result] of results.entries()) {
      if (result instanceof SampleError) {
        failure ??= result
        onFailure(result)
      } else {
        samples.push(result.sample)
        indices.push(indexAt(itemAt(places, at)))
      }
    }
    if (failure && samples.length === 0) throw failure // an empty batch helps nobody
    return { samples, indices }
  }

  const checked = (sample: T): Read<T> => {
    check(sample)
    return { sample }
  }

  const { getSync } = dataset
  if (getSync) {
    for (let batch = position; batch < length; batch++) {
      signal?.throwIfAborted()
      const places = placesOf(batch)
      const results = places.map((place) => {
        try {
          return checked(getSync.call(dataset, indexAt(place), optionsAt(place)))
        } catch (error) {
          return new SampleError(indexAt(place), error)
        }
      })
      yield finish(places, results)
    }
    return
  }

  /** Whether it rejects, throws at once, or gives what is not a sample. */
  const read = async (place: number): Promise<Read<T> | SampleError> => {
    try {
      return checked(await dataset.get(indexAt(place), optionsAt(place)))
    } catch (error) {
      return new SampleError(indexAt(place), error)
    }
  }
  const load = (batch: number): Promise<(Read<T> | SampleError)[]> => Promise.all(placesOf(batch).map(read))
  const ahead: Promise<(Read<T> | SampleError)[]>[] = []
  let started = position
  try {
    for (let batch = position; batch < length; batch++) {
      signal?.throwIfAborted()
      while (started < length && started <= batch + prefetch) ahead.push(load(started++))
      const results = await unlessAborted(ahead.shift() as (typeof ahead)[number], signal) // the loop above put one there
      yield finish(placesOf(batch), results)
    }
  } finally {
    ended.abort()
  }
}

/** Boxed, for a sample may be anything. */
interface Read<T> {
  readonly sample: T
}

/** The promise's result, or the signal's reason as soon as it is aborted. */
function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason)
    signal.addEventListener('abort', abort, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}
