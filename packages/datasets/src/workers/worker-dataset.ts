import type { Dataset, GetOptions } from '../dataset.ts'
import { DatasetError } from '../dataset-error.ts'
import { checkIndex } from '../image-dataset.ts'
import type { SampleRequest, WorkerMessage } from './protocol.ts'

/** A worker of a page, or of Node's `worker_threads`. */
export interface DatasetWorker {
  postMessage(message: unknown): void
  terminate(): unknown
  /** Node's. */
  // biome-ignore lint/suspicious/noExplicitAny: each event has a value of its own
  on?(event: string, listener: (value: any) => void): unknown
  ref?(): void
  unref?(): void
  /** A page's. */
  // biome-ignore lint/suspicious/noExplicitAny: as above
  addEventListener?(event: string, listener: (event: any) => void): void
}

export interface WorkerDataset<T> extends Dataset<T> {
  /** Ends the workers. What is still asked of them fails. Node may also just exit: idle workers do not keep it. */
  dispose(): void
}

export interface WorkerDatasetOptions {
  /** How many workers read at the same time: 2 by default. */
  readonly workers?: number
}

interface Pending {
  /** The requests under its signal. */
  readonly ids: Set<number> | undefined
  resolve(sample: unknown): void
  reject(error: Error): void
}

/**
 * A dataset whose samples are read and transformed in workers: each runs a module that calls `serveDataset`. A loader
 * asks for as many samples at a time as it prefetches, and they are the same as without workers.
 *
 * @param start makes a worker: `() => new Worker(new URL('./photos.worker.js', import.meta.url), { type: 'module' })`,
 * with Node's Worker from `node:worker_threads`
 * @throws DatasetError if the module makes no dataset; later, for samples that fail, with the path of the file, and for all
 * if a worker dies
 */
export async function workerDataset<T>(
  start: () => DatasetWorker,
  { workers: count = 2 }: WorkerDatasetOptions = {},
): Promise<WorkerDataset<T>> {
  if (!Number.isInteger(count) || count < 1) {
    throw new DatasetError(`workerDataset: expected workers to be a whole number from 1, got ${count}`)
  }
  // With one worker the others end, too: where samples that fail are skipped, its share would be missing without a word.
  const endAll = (reason: DatasetError): void => {
    for (const reader of readers) reader.stop(reason)
  }
  const readers: readonly Reader[] = Array.from({ length: count }, () => new Reader(start(), endAll))
  const dispose = (): void => endAll(new DatasetError('workerDataset: the workers were ended by dispose()'))
  try {
    const [{ length, labels }] = (await Promise.all(readers.map(({ ready }) => ready))) as [Ready, ...Ready[]]
    return {
      length,
      ...(labels && { labels }),
      dispose,
      async get(index, options) {
        checkIndex(index, length)
        const idlest = readers.reduce((best, reader) => (reader.pending.size < best.pending.size ? reader : best))
        return (await idlest.read(index, options)) as T // what its module serves
      },
    }
  } catch (error) {
    dispose()
    throw error
  }
}

type Ready = WorkerMessage & { kind: 'ready' }

class Reader {
  readonly pending = new Map<number, Pending>()
  readonly ready: Promise<Ready>
  readonly #worker: DatasetWorker
  readonly #cancellable = new WeakMap<AbortSignal, Set<number>>()
  #asked = 0
  #ended: DatasetError | undefined
  #settle!: { resolve(ready: Ready): void; reject(error: Error): void }

  constructor(worker: DatasetWorker, onDeath: (reason: DatasetError) => void) {
    this.#worker = worker
    this.ready = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject }
    })
    this.ready.catch(() => {}) // told to whoever awaits it
    const died = (reason: string): void => {
      if (this.#ended) return
      onDeath(new DatasetError(`workerDataset: a worker died (${reason}). The dataset cannot be used any more.`))
    }
    if (worker.on) {
      worker.on('message', (message: WorkerMessage) => this.#receive(message))
      worker.on('error', (error: Error) => died(error.message))
      worker.on('exit', (code: number) => died(`exit code ${code}`))
    } else {
      worker.addEventListener?.('message', ({ data }: { data: WorkerMessage }) => this.#receive(data))
      worker.addEventListener?.('error', ({ message = 'it could not start' }: { message?: string }) => died(message))
    }
  }

  read(index: number, { key, signal }: GetOptions = {}): Promise<unknown> {
    if (this.#ended) return Promise.reject(this.#ended)
    const id = this.#asked++
    if (signal?.aborted) return Promise.reject(signal.reason)
    const ids = signal && this.#idsOf(signal).add(id)
    return new Promise((resolve, reject) => {
      this.pending.set(id, { ids, resolve, reject })
      this.#worker.ref?.()
      this.#worker.postMessage({ id, index, key: key && [key.high, key.low] } satisfies SampleRequest)
    })
  }

  /** The requests under a signal. One listener serves them all: Node warns of more than ten on one signal. */
  #idsOf(signal: AbortSignal): Set<number> {
    const known = this.#cancellable.get(signal)
    if (known) return known
    const ids = new Set<number>()
    this.#cancellable.set(signal, ids)
    signal.addEventListener('abort', () => {
      for (const id of ids) this.#answer(id)?.reject(signal.reason)
    })
    return ids
  }

  stop(reason: DatasetError): void {
    if (this.#ended) return
    this.#ended = reason
    this.#settle.reject(reason)
    for (const id of [...this.pending.keys()]) this.#answer(id)?.reject(reason)
    this.#worker.terminate()
  }

  #receive(message: WorkerMessage): void {
    if (message.kind === 'ready') {
      this.#worker.unref?.()
      this.#settle.resolve(message)
    } else if (message.kind === 'failed') {
      this.stop(new DatasetError(message.message))
    } else if (message.kind === 'sample') {
      this.#answer(message.id)?.resolve(message.sample)
    } else {
      const { path, code } = message
      const cause = code === undefined ? {} : { cause: Object.assign(new Error(code), { code }) }
      this.#answer(message.id)?.reject(
        new DatasetError(message.message, { ...cause, ...(path !== undefined && { path }) }),
      )
    }
  }

  /** Takes a request off the list; one that was cancelled is not on it any more. */
  #answer(id: number): Pending | undefined {
    const pending = this.pending.get(id)
    this.pending.delete(id)
    pending?.ids?.delete(id)
    if (this.pending.size === 0) this.#worker.unref?.()
    return pending
  }
}
