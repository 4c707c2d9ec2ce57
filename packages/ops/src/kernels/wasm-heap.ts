import type { DataType, KernelConfig, Tensor, TensorInfo } from '@tensorflow/tfjs-core'
import { compileKernels, instantiateKernels, kernelsNow, localRunner, type Runner } from './wasm-kernels.ts'
import { type Structs, structs } from './wasm-structs.generated.ts'
import type { Address, StructAt } from './wasm-structs.ts'
import { threadedRunner } from './wasm-threads.ts'

/** What a kernel needs of tfjs-backend-wasm. */
interface WasmBackend {
  readonly wasm: {
    /** An address of 32 bits, as a signed number; 0 where there is no memory. */
    _malloc(bytes: number): number
    _free(address: number): void
    /** The exports of the build without threads. */
    readonly asm: { readonly memory?: WebAssembly.Memory }
    /** The shared memory of the build with threads. */
    readonly wasmMemory?: WebAssembly.Memory
  }
  readonly dataIdMap: { get(dataId: object): { readonly memoryOffset: Address } }
  makeOutput(shape: number[], dtype: DataType): TensorInfo
  typedArrayFromHeap(x: TensorInfo): Float32Array | Int32Array | Uint8Array
}

/** One kernel call's access to the WASM heap. */
export interface Heap {
  /** A result, whose values are whatever lay in memory. */
  output(shape: readonly number[], dtype?: DataType): TensorInfo
  /** Where its values lie, in bytes. */
  address(x: TensorInfo): Address
  /** The values of an int32 tensor; the view is valid until the next allocation. */
  integers(x: TensorInfo): Int32Array
  /** The same of a float32 tensor. */
  floats(x: TensorInfo): Float32Array
  /** Bytes that are freed when the kernel returns. */
  scratch(bytes: number): Address
  /** Scratch that holds int32 values, as a table of a job. */
  table(values: ArrayLike<number>): Address
  /** The same of float32 values. */
  floatTable(values: ArrayLike<number>): Address
  /** Scratch that holds what a kernel reads: a job, or what a job points to. */
  write<Name extends keyof Structs>(name: Name, value: Structs[Name]): StructAt<Name>
  /** The same of several, one after another. */
  writeAll<Name extends keyof Structs>(name: Name, values: readonly Structs[Name][]): StructAt<Name>
  /** Runs DDNet's own compiled kernels, each on a job that was written. */
  readonly runner: Runner
}

const memoryOf = ({ wasm }: WasmBackend): WebAssembly.Memory =>
  (wasm.wasmMemory ?? wasm.asm.memory) as WebAssembly.Memory

const runners = new WeakMap<WasmBackend, Runner>()

function runnerOf(backend: WasmBackend): Runner {
  const running = runners.get(backend)
  if (running !== undefined) return running
  const runner = localRunner(kernelsNow(memoryOf(backend)))
  runners.set(backend, runner)
  return runner
}

/** Compiles our kernels for a backend; more than one thread needs tfjs-backend-wasm's threaded build. */
export async function startKernels(backend: object, threads: number, fused: boolean): Promise<void> {
  refuseMissingMemory(backend as WasmBackend)
  await runWith(backend, async (memory) =>
    threads > 1
      ? threadedRunner(memory, threads, { fused })
      : localRunner(await instantiateKernels(await compileKernels(memory, fused), memory), fused),
  )
}

/**
 * From now on the backend throws where there is no memory. tfjs asks for bytes modulo 2³² and does not look whether it got them: what a
 * kernel writes then is written over something else, or ends in `memory access out of bounds`, after which nothing can be relied on.
 */
function refuseMissingMemory(backend: WasmBackend): void {
  const { wasm } = backend
  wasm._free(wasm._malloc(16)) // Emscripten replaces its exports when they are first called
  const allocate = wasm._malloc
  wasm._malloc = (bytes) => {
    const address = bytes < addressable ? allocate(bytes) : 0
    const taken = memoryOf(backend).buffer.byteLength
    if (address !== 0 && (address >>> 0) + bytes <= taken) return address
    // Where the end of what was asked for would lie beyond 2³², the allocator gives a few bytes at the end of what there is.
    if (address !== 0) wasm._free(address)
    throw new RangeError(
      `wasm: no memory for ${gigabytes(bytes)} GB more: WebAssembly can have ${gigabytes(addressable)} GB, and has taken ${gigabytes(taken)}. Use a smaller batch or smaller images, or another backend.`,
    )
  }
}

/** Bytes that WebAssembly can address. */
const addressable = 2 ** 32
const gigabytes = (bytes: number): string => (bytes / 1e9).toFixed(2)

/** Starts what runs our kernels on a backend, in the place of what does so far. */
export async function runWith(backend: object, start: (memory: WebAssembly.Memory) => Promise<Runner>): Promise<void> {
  const wasm = backend as WasmBackend // the one that tfjs-backend-wasm made
  runners.set(wasm, await start(memoryOf(wasm)))
}

/** Stops the other threads, before the backend is removed. */
export const stopThreads = (backend: object): void => runners.get(backend as WasmBackend)?.stop()

/** Among how many threads our kernels on a backend are divided. */
export const threadsOf = (backend: object): number => runnerOf(backend as WasmBackend).parts

/** Whether convolutions on a backend multiply and add in one instruction. */
export const isFused = (backend: object): boolean => runnerOf(backend as WasmBackend).fused

/**
 * A kernel for the WASM backend that computes on the heap directly. Register it with `registerOwnKernel`.
 *
 * @param kernelName the operator's name
 * @param kernel gets the operator's inputs and attributes, and gives its result or results, which it takes from `heap.output`
 * @example wasmKernel('my-package/cube', ({ x }, _attributes, heap) => { … })
 */
export function wasmKernel<I extends Record<string, Tensor>, A>(
  kernelName: string,
  kernel: (inputs: I, attributes: A, heap: Heap) => TensorInfo | TensorInfo[],
): KernelConfig {
  return {
    kernelName,
    backendName: 'wasm',
    kernelFunc: ({ inputs, attrs, backend }) => {
      const { heap, free } = openHeap(backend as WasmBackend) // registered for that backend alone
      try {
        // The engine's types say TensorInfo; operators' inputs are always Tensors.
        return kernel(inputs as unknown as I, attrs as unknown as A, heap)
      } finally {
        free()
      }
    },
  }
}

/** A memory's words, seen anew after each growth. */
interface Views {
  readonly words: Int32Array
  readonly floats: Float32Array
}

const views = new WeakMap<ArrayBufferLike, Views>()

function viewsOf({ buffer }: WebAssembly.Memory): Views {
  const known = views.get(buffer)
  if (known !== undefined) return known
  const made = { words: new Int32Array(buffer), floats: new Float32Array(buffer) }
  views.set(buffer, made)
  return made
}

function openHeap(backend: WasmBackend): { heap: Heap; free: () => void } {
  const { wasm } = backend
  const runner = runnerOf(backend)
  const taken: number[] = []
  const scratch = (bytes: number): Address => {
    const address = (wasm._malloc(bytes) >>> 0) as Address // signed above 2 GB
    taken.push(address)
    return address
  }
  const writeAll: Heap['writeAll'] = <Name extends keyof Structs>(name: Name, values: readonly Structs[Name][]) => {
    const struct = structs[name]
    const address = scratch(values.length * struct.words * 4)
    const { words, floats } = viewsOf(memoryOf(backend))
    let at = address / 4
    for (const value of values) {
      struct.write(value, at, words, floats)
      at += struct.words
    }
    return address as StructAt<Name> // written just now
  }
  const heap: Heap = {
    output: (shape, dtype = 'float32') => backend.makeOutput([...shape], dtype),
    address: (x) => backend.dataIdMap.get(x.dataId).memoryOffset,
    integers: (x) => backend.typedArrayFromHeap(x) as Int32Array,
    floats: (x) => backend.typedArrayFromHeap(x) as Float32Array,
    scratch,
    table: (values) => {
      const address = scratch(values.length * 4)
      viewsOf(memoryOf(backend)).words.set(values, address / 4)
      return address
    },
    floatTable: (values) => {
      const address = scratch(values.length * 4)
      viewsOf(memoryOf(backend)).floats.set(values, address / 4)
      return address
    },
    write: (name, value) => writeAll(name, [value]),
    writeAll,
    runner,
  }
  const free = (): void => {
    for (const address of taken) wasm._free(address)
  }
  return { heap, free }
}
