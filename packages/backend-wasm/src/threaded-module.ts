import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm'

type Module = ConstructorParameters<typeof BackendWasm>[0]

/** Emscripten's wrapper of an export, typed by where it is put. */
type Wrap = { cwrap(name: string, result: 'number' | null, parameters: 'number'[]): (...values: unknown[]) => never }

type Factory = (config: object) => Promise<Module & Wrap>

export const threadedBinary = 'tfjs-backend-wasm-threaded-simd.wasm'

/**
 * Starts the build of tfjs-backend-wasm whose memory can be shared. Its own `init()` never chooses it in Node, and would
 * start workers which only stock kernels use and which fail in a page when a bundler has minified them; stock kernels run
 * on the calling thread here.
 *
 * @param url of the binary; in Node it is found by itself
 */
export async function threadedModule(url?: string): Promise<Module> {
  const { default: factory } = (await import(
    '@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm-threaded-simd.js'
  )) as unknown as { default: Factory } // its types leave out what Emscripten adds
  const locateFile = (name: string): string => (name === threadedBinary ? (url as string) : name)
  const module = await withoutWorkers(() => factory(url === undefined ? {} : { locateFile }))
  // What tfjs-backend-wasm's init() adds.
  module.tfjs = {
    init: module.cwrap('init', null, []),
    initWithThreadsCount: module.cwrap('init_with_threads_count', null, ['number']),
    getThreadsCount: module.cwrap('get_threads_count', 'number', []),
    registerTensor: module.cwrap('register_tensor', null, ['number', 'number', 'number']),
    disposeData: module.cwrap('dispose_data', null, ['number']),
    dispose: module.cwrap('dispose', null, []),
  }
  return module
}

/** Stands in for a worker: it says that it has loaded, and is never asked for more. */
class IdleWorker {
  onmessage?: (event: { data: { cmd: string } }) => void
  on(): void {}
  unref(): void {}
  terminate(): void {}
  postMessage(message: { cmd: string }): void {
    if (message.cmd === 'load') queueMicrotask(() => this.onmessage?.({ data: { cmd: 'loaded' } }))
  }
}

/** Runs `start`, which sets and uses the global `Worker`, with a stand-in for it. */
function withoutWorkers<T>(start: () => T): T {
  const before = Object.getOwnPropertyDescriptor(globalThis, 'Worker')
  Object.defineProperty(globalThis, 'Worker', { configurable: true, get: () => IdleWorker, set: () => {} })
  try {
    return start()
  } finally {
    if (before === undefined) Reflect.deleteProperty(globalThis, 'Worker')
    else Object.defineProperty(globalThis, 'Worker', before)
  }
}
