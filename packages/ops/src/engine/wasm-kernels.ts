import { unsharedKernels } from './wasm-kernels.generated.ts'

/** Computes share `part` of `parts` of the job whose description is at address `job`. */
type Kernel = (job: number, part: number, parts: number) => void

/** The kernels of `assembly/index.ts` that are divided among threads. */
export type SharedKernel =
  | 'adam'
  | 'addBias'
  | 'convolve'
  | 'filterGradient'
  | 'maxPool'
  | 'maxPoolGradient'
  | 'normalize'
  | 'packWeights'
  | 'spreadGradient'
  | 'sumGradients'
  | 'sumRows'
  | 'sumSquares'

/** Those that are too small for it. */
export type SmallKernel = 'finishGradient' | 'finishMean' | 'finishVariance' | 'startGradient'

/** Runs our compiled kernels in the memory of tfjs-backend-wasm. */
export interface Runner {
  /** Among how many threads each job is divided. Results do not depend on it. */
  readonly parts: number
  run(kernel: SharedKernel, job: number): void
  runSmall(kernel: SmallKernel, job: number): void
}

/** Bytes of a base64 text. */
const decode = (base64: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))

/** A runner for unshared memory, on the calling thread. */
export function singleThreadRunner(memory: WebAssembly.Memory): Runner {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(decode(unsharedKernels)), { env: { memory } })
  const kernels = exports as Record<SharedKernel | SmallKernel, Kernel> // what assembly/index.ts exports
  const run = (kernel: SharedKernel | SmallKernel, job: number): void => kernels[kernel](job, 0, 1)
  return { parts: 1, run, runSmall: run }
}
