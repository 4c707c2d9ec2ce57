import { sharedKernels, unsharedKernels } from './wasm-kernels.generated.ts'

/** Computes share `part` of `parts` of the job whose description is at address `job`. */
export type Kernel = (job: number, part: number, parts: number) => void

/** The kernels of `assembly/index.ts` that can be divided among threads. */
export const sharedKernelNames = [
  'adam',
  'addBias',
  'convolve',
  'depthwise',
  'depthwiseFilterGradient',
  'extremum',
  'filterGradient',
  'gatherPlane',
  'maxPool',
  'maxPoolGradient',
  'normalize',
  'packLanes',
  'packWeights',
  'resize',
  'scatterPlane',
  'spreadGradient',
  'sumAxis',
  'sumGradients',
  'sumRows',
  'sumSquares',
  'tile',
  'windowAverage',
] as const

export type SharedKernel = (typeof sharedKernelNames)[number]

/** Those that are too small for it. */
export type SmallKernel = 'finishGradient' | 'finishMean' | 'finishVariance' | 'startGradient'

/** Runs our compiled kernels in the memory of tfjs-backend-wasm. */
export interface Runner {
  /** Among how many threads each job is divided. Results do not depend on it. */
  readonly parts: number
  run(kernel: SharedKernel, job: number): void
  /** Runs the whole job on the calling thread: what is done sooner than another thread wakes. */
  runAlone(kernel: SharedKernel | SmallKernel, job: number): void
  /** Stops the other threads. */
  stop(): void
}

/** Bytes of a base64 text. */
const decode = (base64: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))

/** The compiled kernels for a memory; the shared flag is part of the imported memory's type. */
const binary = (memory: WebAssembly.Memory): Uint8Array<ArrayBuffer> =>
  decode(memory.buffer instanceof ArrayBuffer ? unsharedKernels : sharedKernels)

export const compileKernels = (memory: WebAssembly.Memory): Promise<WebAssembly.Module> =>
  WebAssembly.compile(binary(memory))

export type Kernels = Readonly<Record<SharedKernel | SmallKernel, Kernel>>

export async function instantiateKernels(module: WebAssembly.Module, memory: WebAssembly.Memory): Promise<Kernels> {
  return (await WebAssembly.instantiate(module, { env: { memory } })).exports as Kernels // of assembly/index.ts
}

/** The same at once, for a backend that nobody has started through us: pages of old browsers refuse. */
export function kernelsNow(memory: WebAssembly.Memory): Kernels {
  const module = new WebAssembly.Module(binary(memory))
  return new WebAssembly.Instance(module, { env: { memory } }).exports as Kernels // of assembly/index.ts
}

/** A runner on the calling thread alone. */
export function localRunner(kernels: Kernels): Runner {
  const runAlone: Runner['runAlone'] = (kernel, job) => kernels[kernel](job, 0, 1)
  return { parts: 1, run: runAlone, runAlone, stop: () => {} }
}
