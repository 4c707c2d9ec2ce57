import type { Key } from '@ddnet/ops'
import { checkSample } from './check-sample.ts'
import { type AnySample, collate, type HostBatch } from './collate.ts'
import type { Dataset, GetOptions } from './dataset.ts'
import { SampleError } from './sample-error.ts'

export interface HostBatchesOptions {
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
  /** Told of a sample that failed; throws where that ends the epoch. */
  readonly onFailure: (error: SampleError) => void
}

/** Batches `position … length − 1` of one epoch in host memory, at most `prefetch` ahead of the consumer. */
export async function* hostBatches(
  dataset: Dataset<AnySample>,
  { batchSize, order, count, keyAt, position, length, prefetch, signal, onFailure }: HostBatchesOptions,
): AsyncGenerator<HostBatch, void, undefined> {
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
  const finish = (places: readonly number[], results: readonly (AnySample | SampleError)[]): HostBatch => {
    const indices = places.map(indexAt)
    const failures = results.filter((result) => result instanceof SampleError)
    for (const failure of failures) onFailure(failure)
    const [failure] = failures
    if (failure && failures.length === results.length) throw failure // an empty batch helps nobody
    if (!failure) return collate(results as AnySample[], indices)
    const kept = [...results.keys()].filter((at) => !(results[at] instanceof SampleError))
    return collate(
      kept.map((at) => results[at] as AnySample),
      kept.map((at) => indices[at] as number),
    )
  }

  const { getSync } = dataset
  if (getSync) {
    for (let batch = position; batch < length; batch++) {
      signal?.throwIfAborted()
      const places = placesOf(batch)
      const results = places.map((place) => {
        try {
          return checkSample(getSync.call(dataset, indexAt(place), optionsAt(place)))
        } catch (error) {
          return new SampleError(indexAt(place), error)
        }
      })
      yield finish(places, results)
    }
    return
  }

  /** Whether it rejects, throws at once, or gives what is no sample. */
  const read = async (place: number): Promise<AnySample | SampleError> => {
    try {
      return checkSample(await dataset.get(indexAt(place), optionsAt(place)))
    } catch (error) {
      return new SampleError(indexAt(place), error)
    }
  }
  const load = (batch: number): Promise<(AnySample | SampleError)[]> => Promise.all(placesOf(batch).map(read))
  const ahead: Promise<(AnySample | SampleError)[]>[] = []
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

/** The promise's result, or the signal's reason as soon as it is aborted. */
function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason)
    signal.addEventListener('abort', abort, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}
