import type { Tensor, TensorInfo } from '@tensorflow/tfjs-core'
import type { NodeJSKernelBackend, OpAttribute, TensorMetadata } from '../vendor/tfjs-node.mjs'

/**
 * TensorFlow's tensors by their numbers in the addon, for kernels of many small ops: tfjs's engine, which would track each
 * tensor between them, takes longer than such an op. All are float32.
 */
export class Native {
  readonly #backend: NodeJSKernelBackend
  readonly #type: OpAttribute[]
  readonly #made: Map<number, TensorMetadata> = new Map()

  private constructor(backend: NodeJSKernelBackend) {
    this.#backend = backend
    this.#type = [{ name: 'T', type: backend.binding.TF_ATTR_TYPE, value: backend.binding.TF_FLOAT }]
  }

  /** The tensors that `compute` made and returns; others that it made are deleted, after an error all. */
  static run(backend: NodeJSKernelBackend, compute: (native: Native) => number[]): Tensor[] {
    const native = new Native(backend)
    try {
      const results = compute(native).map((id) => native.#made.get(id) as TensorMetadata)
      for (const { id } of results) native.#made.delete(id)
      return results.map((metadata) => backend.createOutputTensor(metadata))
    } finally {
      for (const id of native.#made.keys()) backend.binding.deleteTensor(id)
    }
  }

  numbersOf(tensors: readonly TensorInfo[]): number[] {
    return this.#backend.getInputTensorIds(tensors)
  }

  /** Runs an op with one output. */
  execute(op: string, inputs: number[]): number {
    const [output] = this.#backend.binding.executeOp(op, this.#type, inputs, 1) as [TensorMetadata]
    this.#made.set(output.id, output)
    return output.id
  }

  scalar(value: number): number {
    const { binding } = this.#backend
    const id = binding.createTensor([], binding.TF_FLOAT, Float32Array.of(value))
    this.#made.set(id, { id, shape: [], dtype: binding.TF_FLOAT })
    return id
  }
}
