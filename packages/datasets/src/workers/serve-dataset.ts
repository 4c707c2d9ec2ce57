import { random } from '@ddnet/ops'
import type { Dataset } from '../dataset.ts'
import { DatasetError } from '../dataset-error.ts'
import { exhaustedCode } from '../exhausted.ts'
import type { SampleRequest, WorkerMessage } from './protocol.ts'

/**
 * Makes a module a worker that reads samples for `workerDataset`. It is called once, at the end of the module.
 *
 * @throws DatasetError if the module does not run in a worker
 * @example
 * // photos.worker.js
 * serveDataset(async () => map(await imageFolder(diskFiles('photos')), randomResizedCrop(224), randomHorizontalFlip()))
 */
export function serveDataset(makeDataset: () => Dataset<object> | Promise<Dataset<object>>): void {
  const port = portOfThisWorker()
  const dataset = (async () => makeDataset())()
  port.listen(async ({ id, index, key }) => {
    try {
      const sample = await (await dataset).get(index, { key: key && new random.Key(...key) })
      const own = ownCopy(sample)
      port.post({ kind: 'sample', id, sample: own.value }, own.buffers)
    } catch (error) {
      const path = error instanceof DatasetError ? error.path : undefined
      port.post({ kind: 'error', id, message: messageOf(error), path, code: exhaustedCode(error) }, [])
    }
  })
  dataset.then(
    ({ length, labels }) => port.post({ kind: 'ready', length, labels: labels && Array.from(labels) }, []),
    (error) => port.post({ kind: 'failed', message: messageOf(error) }, []),
  )
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** A sample is the dataset's, so its arrays are copied, wherever in it they are: the copies can be handed over. */
function ownCopy(sample: object): { value: unknown; buffers: ArrayBuffer[] } {
  const buffers: ArrayBuffer[] = []
  const copy = (value: unknown): unknown => {
    if (ArrayBuffer.isView(value) && !(value instanceof DataView)) {
      const own = (value as Uint8Array).slice()
      const whole = own.byteLength === own.buffer.byteLength ? own : new Uint8Array(own) // Node's small buffers share one
      buffers.push(whole.buffer)
      return whole
    }
    if (Array.isArray(value)) return value.map(copy)
    if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, copy(inner)]))
  }
  return { value: copy(sample), buffers }
}

interface Port {
  listen(receive: (request: SampleRequest) => void): void
  post(message: WorkerMessage, transfer: ArrayBuffer[]): void
}

/** Of a worker thread in Node, or of a Web Worker. */
function portOfThisWorker(): Port {
  // Asked for at run time, so that a bundle for the browser needs nothing of Node.
  const parentPort = globalThis.process?.getBuiltinModule?.('node:worker_threads')?.parentPort
  if (parentPort) {
    return {
      listen: (receive) => parentPort.on('message', receive),
      post: (message, transfer) => parentPort.postMessage(message, transfer),
    }
  }
  if (!('WorkerGlobalScope' in globalThis)) {
    throw new DatasetError(
      'serveDataset: expected to run in a worker. Start the module with workerDataset(() => new Worker(…)).',
    )
  }
  const scope = globalThis as unknown as DedicatedWorkerGlobalScope // which the types of a page do not have
  return {
    listen: (receive) => scope.addEventListener('message', ({ data }) => receive(data)),
    post: (message, transfer) => scope.postMessage(message, transfer),
  }
}

interface DedicatedWorkerGlobalScope {
  addEventListener(type: 'message', listener: (event: { data: SampleRequest }) => void): void
  postMessage(message: WorkerMessage, transfer: ArrayBuffer[]): void
}
