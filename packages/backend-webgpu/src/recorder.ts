import { engine } from '@tensorflow/tfjs-core'
import { type Bound, observeDevice } from './device-observer.ts'

/** One compute dispatch. */
export interface Dispatch {
  /** The pipeline's label. */
  readonly label: string
  /** The kernel that made it, the operator first where one calls others: `crossEntropy › Sum`. */
  readonly kernel: string
  /** Workgroups along each axis. */
  readonly grid: readonly [number, number, number]
  /** The storage buffers that it reads and writes, in bytes. */
  readonly bytes: number
}

/** What a device was told to do. */
export interface Work {
  readonly dispatches: readonly Dispatch[]
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
 * Runs `run` and tells what the device was told to do meanwhile, and which kernels told it. The counts of a training step
 * are those of any machine; times are not.
 */
export async function recordWork<T>(device: GPUDevice, run: () => T | Promise<T>): Promise<{ value: T; work: Work }> {
  const dispatches: Dispatch[] = []
  const count = { submits: 0, buffers: 0, bufferBytes: 0, pipelines: 0, copiedBytes: 0 }
  const kernels: string[] = []
  const restore = nameKernels(kernels)
  const stop = observeDevice(device, {
    dispatch: ({ label }, grid, bound) => {
      dispatches.push({ label, kernel: kernels.join(' › '), grid, bytes: storageBytes(bound) })
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

/** Keeps the names of the engine's kernels that are running in `names`, the outermost first. */
function nameKernels(names: string[]): () => void {
  const observed = engine()
  const original = observed.runKernel
  observed.runKernel = (name, inputs, attributes) => {
    names.push(name)
    try {
      return original.call(observed, name, inputs, attributes) as never
    } finally {
      names.pop()
    }
  }
  // The method of the class shows again.
  return () => Reflect.deleteProperty(observed, 'runKernel')
}

const storageBytes = (bound: readonly Bound[]): number =>
  bound.filter(({ usage }) => (usage & GPUBufferUsage.STORAGE) !== 0).reduce((sum, { bytes }) => sum + bytes, 0)
