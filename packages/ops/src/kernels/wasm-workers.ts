/** Another thread: `source`, a script of plain JavaScript, with what it shares with the calling one. */
export interface StartedWorker {
  /** Settles when the script says that it waits for work, or fails. */
  readonly ready: Promise<void>
  /** What keeps only the process alive, or the worker's address, is let go once it is ready. */
  release(): void
}

/**
 * Starts a thread whose script finds `shared` and calls `ready()` before it waits for work.
 *
 * The script travels as text, and in pages as a blob: bundlers leave it alone, where a module of its own would need to be
 * found by each of them (Vite's own pre-bundling of dependencies loses it). The price is one word in a content security
 * policy, if the page has one: `worker-src blob:`.
 */
export type StartWorker = (script: string, shared: object) => StartedWorker

/** In Node; its threads stop with the process, which they do not keep alive. */
export const startNodeWorker: StartWorker = (script, shared) => {
  // Not an import: bundlers for pages would look for it.
  const { Worker } = process.getBuiltinModule('node:worker_threads')
  // Neither a require: the text is a module where the process was started with --input-type=module.
  const prologue = `const { parentPort, workerData: shared } = process.getBuiltinModule('node:worker_threads')
const ready = () => parentPort.postMessage('ready')
`
  const worker = new Worker(prologue + script, { eval: true, workerData: shared })
  const ready = new Promise<void>((resolve, reject) => {
    worker.once('message', () => resolve())
    worker.once('error', reject)
  })
  return { ready, release: () => worker.unref() }
}

/** In a worker of a page, as a worker of that worker: they stop together. */
export const startPageWorker: StartWorker = (script, shared) => {
  const whole = `addEventListener('message', ({ data: shared }) => {
const ready = () => postMessage('ready')
${script}
close()
})`
  const url = URL.createObjectURL(new Blob([whole], { type: 'text/javascript' }))
  const worker = new Worker(url)
  const ready = new Promise<void>((resolve, reject) => {
    worker.onmessage = () => resolve()
    worker.onerror = ({ message }) =>
      reject(
        new Error(
          message || 'the browser refused a blob as its script. Allow `worker-src blob:` in the page’s policy.',
        ),
      )
  })
  worker.postMessage(shared)
  return { ready, release: () => URL.revokeObjectURL(url) }
}
