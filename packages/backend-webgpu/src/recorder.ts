import { observeKernels } from '@ddnet/ops/kernels'
import { engine, type TensorInfo } from '@tensorflow/tfjs-core'
import { observeDevice } from './device-observer.ts'

/** One compute dispatch. */
export interface Dispatch {
  /** The pipeline's label. */
  readonly label: string
  /** The kernel that made it, the operator first where one calls others: `softmaxCrossEntropy › Sum`. */
  readonly kernel: string
  /** Workgroups along each axis. */
  readonly grid: readonly [number, number, number]
  /** The storage buffers that it reads and writes, in bytes. */
  readonly bytes: number
}

/** What a device was told to do. */
export interface Work {
  readonly dispatches: readonly Dispatch[]
  /** What the outermost kernels would move if they read each input that they use, and wrote each result, once. */
  readonly leastBytes: number
  readonly submits: number
  /** Buffers that were created, not reused. */
  readonly buffers: number
  readonly bufferBytes: number
  /** Pipelines that were compiled. */
  readonly pipelines: number
  /** Bytes written by the host or copied between buffers, uniforms included. */
  readonly copiedBytes: number
}

/**
 * Runs `run` on the current backend and tells what its device was told to do meanwhile, and by which kernels. The counts of
 * a training step are those of any machine; times are not.
 */
export async function recordWork<T>(device: GPUDevice, run: () => T | Promise<T>): Promise<{ value: T; work: Work }> {
  const dispatches: Dispatch[] = []
  const count = { leastBytes: 0, submits: 0, buffers: 0, bufferBytes: 0, pipelines: 0, copiedBytes: 0 }
  const kernels: string[] = []
  const bound = new Map<GPUBuffer, number>() // by the outermost kernel that is running
  const restore = watchKernels(kernels, (tensors) => {
    for (const buffer of new Set(tensors.map(bufferOf))) count.leastBytes += bound.get(buffer as GPUBuffer) ?? 0
    bound.clear()
  })
  const stop = observeDevice(device, {
    dispatch: ({ label }, grid, all) => {
      const storage = all.filter(({ buffer }) => (buffer.usage & GPUBufferUsage.STORAGE) !== 0)
      for (const { buffer, bytes } of storage) bound.set(buffer, bytes)
      const bytes = storage.reduce((sum, each) => sum + each.bytes, 0)
      dispatches.push({ label, kernel: kernels.join(' › '), grid, bytes })
    },
    submit: () => count.submits++,
    createBuffer: (bytes) => {
      count.buffers++
      count.bufferBytes += bytes
    },
    createPipeline: () => count.pipelines++,
    copy: (bytes) => {
      count.copiedBytes += bytes
    },
  })
  try {
    return { value: await run(), work: { dispatches, ...count } }
  } finally {
    stop()
    restore()
  }
}

/** Keeps the names of the engine's kernels that are running in `names`, and tells the tensors of each outermost one. */
const watchKernels = (names: string[], tell: (tensors: readonly TensorInfo[]) => void): (() => void) =>
  observeKernels(({ kernelName, inputs }) => {
    names.push(kernelName)
    return (outputs) => {
      if (names.length === 1 && outputs !== undefined) tell([...Object.values(inputs), ...outputs])
      names.pop()
    }
  })

const bufferOf = ({ dataId }: TensorInfo): unknown => {
  const { tensorMap } = engine().backend as unknown as { tensorMap: { get(id: object): { resource?: unknown } } }
  return tensorMap.get(dataId).resource
}
