import type { Tensor } from '@tensorflow/tfjs-core'
import type { NodeJSKernelBackend, OpAttribute, TensorMetadata } from '../vendor/tfjs-node.mjs'

/**
 * TensorFlow's tensors by their numbers in the addon, for kernels of many small ops: tfjs's engine, which would track each
 * tensor between them, takes longer than such an op. All are float32.
 */
export class Native {
  readonly #backend: NodeJSKernelBackend
  readonly #type: OpAttribute[]
  readonly #made: Set<number> = new Set()

  private constructor(backend: NodeJSKernelBackend) {
    this.#backend = backend
    this.#type = [{ name: 'T', type: backend.binding.TF_ATTR_TYPE, value: backend.binding.TF_FLOAT }]
  }

  /** The tensors, all of one shape, that `compute` returns; others that it made are deleted, after an error all. */
  static run(backend: NodeJSKernelBackend, shape: readonly number[], compute: (native: Native) => number[]): Tensor[] {
    const native = new Native(backend)
    const { TF_FLOAT: dtype } = backend.binding
    try {
      const results = compute(native)
      for (const id of results) native.#made.delete(id)
      return results.map((id) => backend.createOutputTensor({ id, shape, dtype }))
    } finally {
      for (const id of native.#made) backend.binding.deleteTensor(id)
    }
  }

  numbersOf(tensors: readonly Tensor[]): number[] {
    return this.#backend.getInputTensorIds(tensors)
  }

  /** Runs an op with one output. */
  execute(op: string, inputs: number[]): number {
    const [output] = this.#backend.binding.executeOp(op, this.#type, inputs, 1) as [TensorMetadata]
    return this.#keepTrack(output.id)
  }

  scalar(value: number): number {
    const { binding } = this.#backend
    return this.#keepTrack(binding.createTensor([], binding.TF_FLOAT, Float32Array.of(value)))
  }

  #keepTrack(id: number): number {
    this.#made.add(id)
    return id
  }
}
