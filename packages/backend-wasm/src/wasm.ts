import { type Backend, BackendUnavailable } from '@ddnet/ops'
import { entryOf } from '@ddnet/ops/checks'
import { expectOneTfjs, registerOwnKernel } from '@ddnet/ops/kernels'
import { checkFused, isFused, startKernels, stopThreads, threadsOf, wasmKernels } from '@ddnet/ops/wasm'
import { engine, registerBackend, removeBackend, setBackend, version_core } from '@tensorflow/tfjs-core'
import { threadedBinary, threadedModule } from './threaded-module.ts'
import { withoutRethrowing } from './without-rethrowing.ts'

export interface WasmOptions {
  /**
   * Threads that our kernels are divided among; 1 by default. Results do not depend on it. More than there are idle cores
   * make it slower. A page has them in a worker, and if it is cross-origin isolated.
   */
  threads?: number
  /**
   * Lets convolutions multiply and add in one instruction, rounding once instead of twice: a training step takes a fifth
   * less time. It needs relaxed SIMD (Node 22, Chrome 114), and its last bits may differ from machine to machine.
   */
  fusedMultiplyAdd?: boolean
  /**
   * Where a page finds `tfjs-backend-wasm-simd.wasm` of `@tensorflow/tfjs-backend-wasm`, or with threads
   * `tfjs-backend-wasm-threaded-simd.wasm`: their folder's URL, or each file's URL by its name. In Node they are found by
   * themselves.
   */
  paths?: string | Record<string, string>
}

/**
 * Starts the WebAssembly backend with our own SIMD kernels where tfjs's are missing, slow or wrong. One that runs already
 * is kept.
 *
 * @throws BackendUnavailable if WebAssembly, its SIMD or what was asked for cannot start here, it runs already in another way,
 *   or another version of tfjs-core is loaded
 * @throws RangeError if `threads` is not a whole number of at least 1
 */
export async function wasm({ threads, fusedMultiplyAdd, paths }: WasmOptions = {}): Promise<Backend> {
  if (threads !== undefined && (!Number.isInteger(threads) || threads < 1)) {
    throw new RangeError(`wasm: expected threads as a whole number of at least 1, got ${threads}.`)
  }
  expectOneTfjs('wasm', version_core)
  if (threads !== undefined && threads > 1 && !inNode()) checkPage(threads)
  if (fusedMultiplyAdd === true) await checkFused()
  // Importing the package registers it with the engine, so it is imported here and not above.
  const tfjs = await import('@tensorflow/tfjs-backend-wasm')
  if ((await engine().ENV.getAsync('WASM_HAS_SIMD_SUPPORT')) !== true) {
    throw new BackendUnavailable('wasm: this engine has no WebAssembly SIMD. Use a browser or Node of 2021 or later.')
  }
  if (!('wasm' in engine().registry)) {
    // A record must name all three builds, although a page never fetches the others.
    if (paths !== undefined) tfjs.setWasmPaths(typeof paths === 'string' ? paths : { ...otherBuilds, ...paths })
    registerKernels()
    const fused = fusedMultiplyAdd === true
    await withoutRethrowing(() =>
      threads === undefined || threads === 1 ? startSingle(fused, paths) : startThreaded(tfjs, threads, fused, paths),
    )
  }
  await setBackend('wasm')
  const backend = engine().backend
  const running = threadsOf(backend)
  if (threads !== undefined && threads !== running) {
    throw new BackendUnavailable(`wasm: it runs already on ${running} thread(s), not ${threads}. Dispose it first.`)
  }
  const fused = isFused(backend)
  if (fusedMultiplyAdd !== undefined && fusedMultiplyAdd !== fused) {
    throw new BackendUnavailable(
      `wasm: it runs already ${fused ? 'with' : 'without'} fused multiply-add. Dispose it first.`,
    )
  }
  return {
    name: 'wasm',
    device: `WebAssembly with SIMD, ${fused ? 'fused multiply-add, ' : ''}${running} thread${running === 1 ? '' : 's'} (tfjs-backend-wasm ${tfjs.version_wasm})`,
    dispose: () => {
      const { factory, priority } = registration()
      stopThreads(backend)
      leave(backend)
      registerBackend('wasm', factory, priority) // as importing the package did, so that it can start again
    },
  }
}

/** What of tfjs's backend is needed to leave it. */
interface Leaving {
  wasm: {
    readonly tfjs: { dispose(): void; disposeData?(id: number): void }
    _free?(address: number): void
    _malloc?(bytes: number): number
    readonly HEAPU8?: Uint8Array
  }
}

/**
 * Removes the backend, its memory with it, also where that is broken: after a trap its own disposal may end in another one. Tensors that
 * are left can still be disposed of; whoever reads one is told.
 */
function leave(backend: object): void {
  const left = backend as Leaving // the one that tfjs-backend-wasm made
  const { tfjs } = left.wasm
  const dispose = tfjs.dispose
  tfjs.dispose = () => {
    try {
      dispose()
    } catch (error) {
      if (!(error instanceof WebAssembly.RuntimeError)) throw error
    }
  }
  removeBackend('wasm')
  const gone = (): never => {
    throw new Error(
      'wasm: the backend of this tensor was disposed. Read tensors before (`await tensor.data()`), or make them again.',
    )
  }
  left.wasm = {
    tfjs: { dispose: () => {}, disposeData: () => {} },
    _free: () => {},
    _malloc: gone,
    get HEAPU8() {
      return gone()
    },
  }
}

const otherBuilds = { 'tfjs-backend-wasm.wasm': '', 'tfjs-backend-wasm-threaded-simd.wasm': '' }

/** How the engine makes the backend: what importing tfjs-backend-wasm registered. */
const registration = (): EngineRegistration => entryOf(engine().registryFactory, 'wasm')
type EngineRegistration = ReturnType<typeof engine>['registryFactory'][string]

/** Ours take the place of stock ones, and are put in place again after a dispose and a new start. */
function registerKernels(): void {
  for (const kernel of wasmKernels) registerOwnKernel(kernel)
}

async function startSingle(fused: boolean, paths: WasmOptions['paths']): Promise<void> {
  // A page that is cross-origin isolated would get the threaded build, whose workers fail when a bundler has minified it.
  engine().ENV.set('WASM_HAS_MULTITHREAD_SUPPORT', false)
  const started = await setBackend('wasm').catch(() => false)
  if (!started) {
    throw new BackendUnavailable(
      `wasm: WebAssembly did not start${paths === undefined ? '' : ` from ${JSON.stringify(paths)}`}. In a page, serve tfjs-backend-wasm-simd.wasm of @tensorflow/tfjs-backend-wasm and say where in paths.`,
    )
  }
  await startKernels(engine().backend, 1, fused)
}

async function startThreaded(
  tfjs: typeof import('@tensorflow/tfjs-backend-wasm'),
  threads: number,
  fused: boolean,
  paths: WasmOptions['paths'],
): Promise<void> {
  const url = inNode() ? undefined : locate(paths)
  const module = await threadedModule(url).catch((error) => {
    const from = url === undefined ? '' : ` from ${url}`
    throw new BackendUnavailable(`wasm: WebAssembly with shared memory did not start${from}. ${remedy}`, {
      cause: error,
    })
  })
  tfjs.setThreadsCount(1) // of stock kernels
  const backend = new tfjs.BackendWasm(module)
  await startKernels(backend, threads, fused)
  const registered = registration()
  const { factory } = registered
  registered.factory = () => backend
  try {
    await setBackend('wasm')
  } finally {
    registered.factory = factory
  }
}

const inNode = (): boolean => globalThis.process?.versions?.node !== undefined

/** Whether this thread of a page may have others and wait for them. */
function checkPage(threads: number): void {
  if (!('WorkerGlobalScope' in globalThis)) {
    throw new BackendUnavailable(
      `wasm: ${threads} threads must wait for each other, which the main thread of a page may not. Call wasm() in a worker, or leave threads out.`,
    )
  }
  if (!globalThis.crossOriginIsolated) {
    throw new BackendUnavailable(
      `wasm: ${threads} threads share memory, which a page has only if it is cross-origin isolated. Serve it with the headers Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp, or leave threads out.`,
    )
  }
  if (!('Worker' in globalThis)) {
    throw new BackendUnavailable(
      `wasm: ${threads} threads need a kind of worker that may start others. Call wasm() in a dedicated worker, or leave threads out.`,
    )
  }
}

const remedy = `In a page, serve ${threadedBinary} of @tensorflow/tfjs-backend-wasm and say where in paths.`

/** Where a page has the build with threads. */
function locate(paths: WasmOptions['paths']): string {
  const url = typeof paths === 'string' ? paths + threadedBinary : paths?.[threadedBinary]
  if (url === undefined)
    throw new BackendUnavailable(`wasm: threads need ${threadedBinary}, and paths has none. ${remedy}`)
  return url
}
