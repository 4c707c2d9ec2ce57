import { BackendUnavailable } from './backend.ts'
import { sharedKernels, unsharedKernels } from './wasm-kernels.generated.ts'
import type { KernelStructs } from './wasm-structs.generated.ts'
import type { StructAt } from './wasm-structs.ts'

/** Computes share `part` of `parts` of the job at address `job`. */
export type Kernel = (job: number, part: number, parts: number) => void

/** The kernels of `assembly/index.ts` that can be divided among threads. */
export const sharedKernelNames = [
  'adam',
  'addBias',
  'convolve',
  'crossEntropy',
  'crossEntropyGradient',
  'depthwise',
  'depthwiseFilterGradient',
  'extremum',
  'filterGradient',
  'gatherPlane',
  'groupNorm',
  'groupNormGradient',
  'layerNorm',
  'layerNormGradient',
  'matMul',
  'maxPool',
  'maxPoolGradient',
  'normalize',
  'packLanes',
  'packWeights',
  'pixelShuffle',
  'pixelUnshuffle',
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
export type SmallKernel =
  | 'finishGradient'
  | 'finishGroupNormGradient'
  | 'finishMean'
  | 'finishVariance'
  | 'startGradient'

/** Where a job that a kernel reads lies; `Heap.write` gives it. */
export type JobOf<Kernel extends SharedKernel | SmallKernel> = StructAt<KernelStructs[Kernel]>

/** Runs our compiled kernels in the memory of tfjs-backend-wasm. */
export interface Runner {
  /** Whether convolutions multiply and add in one instruction. */
  readonly fused: boolean
  /** Among how many threads each job is divided. Results do not depend on it. */
  readonly parts: number
  run<Kernel extends SharedKernel>(kernel: Kernel, job: JobOf<Kernel>): void
  /** Runs the whole job on the calling thread: what is done sooner than another thread wakes. */
  runAlone<Kernel extends SharedKernel | SmallKernel>(kernel: Kernel, job: JobOf<Kernel>): void
  /** Stops the other threads. */
  stop(): void
}

/** Bytes of a base64 text. */
const decode = (base64: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))

const unshared = ({ buffer }: WebAssembly.Memory): boolean => buffer instanceof ArrayBuffer

/** The compiled kernels for a memory; the shared flag is part of the imported memory's type. */
const binary = (memory: WebAssembly.Memory): Uint8Array<ArrayBuffer> =>
  decode(unshared(memory) ? unsharedKernels : sharedKernels)

/** @throws BackendUnavailable where the engine cannot multiply and add in one instruction */
export async function checkFused(): Promise<void> {
  const { unsharedFused } = await import('./wasm-fused.generated.ts')
  if (WebAssembly.validate(decode(unsharedFused))) return
  throw new BackendUnavailable(
    'wasm: this engine has no relaxed SIMD, which fused multiply-add needs. Use Node 22 or Chrome 114 or later, or leave fusedMultiplyAdd out.',
  )
}

/** Compiles the kernels, and with `fused` once more those that multiply and add in one instruction. */
export async function compileKernels(memory: WebAssembly.Memory, fused = false): Promise<WebAssembly.Module[]> {
  const binaries = [binary(memory)]
  if (fused) {
    const { sharedFused, unsharedFused } = await import('./wasm-fused.generated.ts')
    binaries.push(decode(unshared(memory) ? unsharedFused : sharedFused))
  }
  return Promise.all(binaries.map((bytes) => WebAssembly.compile(bytes)))
}

export type Kernels = Readonly<Record<SharedKernel | SmallKernel, Kernel>>

/** The kernels of all modules; those of a later one take the place of an earlier one's. */
export async function instantiateKernels(
  modules: readonly WebAssembly.Module[],
  memory: WebAssembly.Memory,
): Promise<Kernels> {
  const instances = await Promise.all(modules.map((module) => WebAssembly.instantiate(module, { env: { memory } })))
  return Object.assign({}, ...instances.map(({ exports }) => exports)) as Kernels // of assembly/index.ts
}

/** The same at once, for a backend that nobody has started through us: pages of old browsers refuse. */
export function kernelsNow(memory: WebAssembly.Memory): Kernels {
  const module = new WebAssembly.Module(binary(memory))
  return new WebAssembly.Instance(module, { env: { memory } }).exports as Kernels // of assembly/index.ts
}

/** A runner on the calling thread alone. */
export function localRunner(kernels: Kernels, fused = false): Runner {
  const runAlone: Runner['runAlone'] = (kernel, job) => kernels[kernel](job, 0, 1)
  return { fused, parts: 1, run: runAlone, runAlone, stop: () => {} }
}
