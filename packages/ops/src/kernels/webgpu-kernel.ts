import type { DataType, KernelConfig, Tensor, TensorInfo } from '@tensorflow/tfjs-core'
import { util } from '@tensorflow/tfjs-core'
import { arenaOf, makeArena } from './webgpu-arena.ts'
import { type Program, pipelineFor } from './webgpu-program.ts'

/** What a kernel needs of tfjs-backend-webgpu. */
interface WebgpuBackend {
  readonly device: GPUDevice
  readonly pipelineCache: Record<string, GPUComputePipeline | Promise<GPUComputePipeline>>
  readonly tensorMap: { get(dataId: object): { readonly dtype: DataType; values?: unknown } }
  makeTensorInfo(shape: number[], dtype: DataType): TensorInfo
  uploadToGPU(dataId: object): void
  disposeData(dataId: object): boolean
  /** Binds `[output, ...inputs, uniforms]` in this order and dispatches; it times, and submits when enough is recorded. */
  recordAndSubmit(
    program: {
      readonly pipeline: GPUComputePipeline
      readonly dispatch: readonly [number, number, number]
      readonly pixelsOpType: number
      readonly constructor: { readonly name: string }
    },
    output: TensorInfo,
    inputs: readonly TensorInfo[],
    uniforms: readonly { type: 'int32' | 'float32'; data: number[] }[],
  ): void
}

/** Kernels for GPUs share tiles through workgroup memory; adapters that compute on the CPU are faster without. */
export type KernelVariant = 'gpu' | 'software'

const variants = new WeakMap<object, KernelVariant>()

/** Makes a backend run one variant of the kernels that have two (otherwise 'gpu'). */
export function useVariant(backend: object, variant: KernelVariant): void {
  variants.set(backend, variant)
}

/** The variant that a backend runs. */
export const variantOf = (backend: object): KernelVariant => variants.get(backend) ?? 'gpu'

/** One kernel call's access to the device. */
export interface Gpu {
  /** Which variant to run, where a kernel has two. */
  readonly variant: KernelVariant
  /** A result, whose values are whatever the buffer held. */
  output(shape: readonly number[], dtype?: DataType): TensorInfo
  /** A tensor that is freed when the kernel returns and the device has used it. */
  scratch(shape: readonly number[], dtype?: DataType): TensorInfo
  /** Tensors that are parts of one buffer, `whole`, which one dispatch writes. */
  arena(shapes: readonly (readonly number[])[]): { whole: TensorInfo; parts: TensorInfo[] }
  /** The buffer whose parts these float32 tensors are, in their order, or a copy of them that is laid out so. */
  arenaOf(tensors: readonly TensorInfo[]): TensorInfo
  /** The most that one buffer of a program may hold. */
  readonly maxBindingBytes: number
  /** Records one dispatch. Nothing is recorded where `workgroups` is 0. */
  run(program: Program): void
}

/**
 * A kernel for the WebGPU backend that dispatches programs of its own. Register it with `registerOwnKernel`.
 *
 * @param kernelName the operator's name
 * @param kernel gets the operator's inputs and attributes, and gives its result or results, which it takes from `gpu.output`
 */
export function webgpuKernel<I extends Record<string, Tensor>, A>(
  kernelName: string,
  kernel: (inputs: I, attributes: A, gpu: Gpu) => TensorInfo | TensorInfo[],
): KernelConfig {
  return {
    kernelName,
    backendName: 'webgpu',
    kernelFunc: ({ inputs, attrs, backend }) => {
      const { gpu, free } = openGpu(backend as WebgpuBackend) // registered for that backend alone
      try {
        // The engine's types say TensorInfo; operators' inputs are always Tensors.
        return kernel(inputs as unknown as I, attrs as unknown as A, gpu)
      } finally {
        free()
      }
    },
  }
}

function openGpu(backend: WebgpuBackend): { gpu: Gpu; free: () => void } {
  const taken: TensorInfo[] = []
  const output: Gpu['output'] = (shape, dtype = 'float32') => {
    const made = backend.makeTensorInfo([...shape], dtype)
    // tfjs never gives an empty tensor a buffer.
    if (made.shape.includes(0) && dtype !== 'string')
      backend.tensorMap.get(made.dataId).values = util.getTypedArrayFromDType(dtype, 0)
    return made
  }
  const scratch: Gpu['scratch'] = (shape, dtype) => {
    const made = output(shape, dtype)
    taken.push(made)
    return made
  }
  const run: Gpu['run'] = (program) => {
    const { label, reads, writes, uniforms, floats = {}, workgroups } = program
    if (workgroups === 0) return
    const bound = [
      ...Object.values(writes).map(([tensor]) => tensor),
      ...Object.values(reads).map(([tensor]) => tensor),
    ]
    // All buffers first: uploading ends the pass that dispatches are recorded in.
    for (const { dataId } of bound) backend.uploadToGPU(dataId)
    const pipeline = pipelineFor(backend.device, backend.pipelineCache, program)
    if (pipeline === undefined) return
    const [first, ...others] = bound as [TensorInfo, ...TensorInfo[]]
    backend.recordAndSubmit(
      {
        pipeline,
        dispatch: gridOf(workgroups, backend.device.limits.maxComputeWorkgroupsPerDimension),
        // Otherwise tfjs puts the shapes of all tensors before the uniforms.
        pixelsOpType: 0,
        constructor: { name: label },
      },
      // What it puts there now is how far the output's first axis steps, and that is the number of workgroups.
      { ...first, shape: [1, workgroups] },
      others,
      [
        ...Object.values(uniforms).map((value) => ({ type: 'int32' as const, data: [value] })),
        ...Object.values(floats).map((value) => ({ type: 'float32' as const, data: [value] })),
      ],
    )
  }
  const takeWhole = (whole: TensorInfo): TensorInfo => {
    taken.push(whole) // its parts keep the buffer
    return whole
  }
  const gpu: Gpu = {
    variant: variantOf(backend),
    output,
    scratch,
    arena: (shapes) => {
      const { whole, parts } = makeArena(backend, shapes)
      return { whole: takeWhole(whole), parts }
    },
    arenaOf: (tensors) => takeWhole(arenaOf(backend, tensors)),
    maxBindingBytes: backend.device.limits.maxStorageBufferBindingSize,
    run,
  }
  const free = (): void => {
    for (const { dataId } of taken) backend.disposeData(dataId)
  }
  return { gpu, free }
}

/** A grid of at least `workgroups`, of which a device takes so many in each dimension; `run` is not called in those beyond. */
function gridOf(workgroups: number, most: number): [number, number, number] {
  const layers = Math.ceil(workgroups / most / most)
  const rows = Math.ceil(workgroups / most / layers)
  return [Math.ceil(workgroups / rows / layers), rows, layers]
}
