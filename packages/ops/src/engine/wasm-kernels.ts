import { sharedKernels, unsharedKernels } from './wasm-kernels.generated.ts'

/** Computes share `part` of `parts` of the job whose description is at address `job`. */
export type Kernel = (job: number, part: number, parts: number) => void

/** The kernels of `assembly/index.ts` that can be divided among threads. */
export const sharedKernelNames = [
  'adam',
  'addBias',
  'convolve',
  'filterGradient',
  'maxPool',
  'maxPoolGradient',
  'normalize',
  'packWeights',
  'spreadGradient',
  'sumAxis',
  'sumGradients',
  'sumRows',
  'sumSquares',
  'tile',
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
export const kernelModule = (memory: WebAssembly.Memory): WebAssembly.Module =>
  new WebAssembly.Module(decode(memory.buffer instanceof ArrayBuffer ? unsharedKernels : sharedKernels))

export function instantiate(module: WebAssembly.Module, memory: WebAssembly.Memory): Record<string, Kernel> {
  return new WebAssembly.Instance(module, { env: { memory } }).exports as Record<string, Kernel> // assembly/index.ts
}

/** A runner on the calling thread alone. */
export function localRunner(memory: WebAssembly.Memory): Runner {
  const kernels = instantiate(kernelModule(memory), memory)
  const runAlone: Runner['runAlone'] = (kernel, job) => (kernels[kernel] as Kernel)(job, 0, 1)
  return { parts: 1, run: runAlone, runAlone, stop: () => {} }
}
