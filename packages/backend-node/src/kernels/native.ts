import { itemAt } from '@ddnet/ops/checks'
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
    return itemAt(this.#executeAll(op, this.#type, inputs, 1), 0)
  }

  scalar(value: number): number {
    return this.#create([], this.#backend.binding.TF_FLOAT, Float32Array.of(value))
  }

  /** Joins vectors to one. */
  concat(vectors: readonly number[]): number {
    const { TF_ATTR_INT, TF_INT32 } = this.#backend.binding
    const attributes = [...this.#type, { name: 'N', type: TF_ATTR_INT, value: vectors.length }, this.#int32('Tidx')]
    const axis = this.#create([], TF_INT32, Int32Array.of(0))
    return itemAt(this.#executeAll('ConcatV2', attributes, [...vectors, axis], 1), 0)
  }

  /** Cuts a vector into vectors of these sizes. */
  split(vector: number, sizes: readonly number[]): number[] {
    const { TF_ATTR_INT, TF_INT32 } = this.#backend.binding
    const count = { name: 'num_split', type: TF_ATTR_INT, value: sizes.length }
    const inputs = [
      vector,
      this.#create([sizes.length], TF_INT32, Int32Array.from(sizes)),
      this.#create([], TF_INT32, Int32Array.of(0)),
    ]
    return this.#executeAll('SplitV', [...this.#type, count, this.#int32('Tlen')], inputs, sizes.length)
  }

  #int32(name: string): OpAttribute {
    return { name, type: this.#backend.binding.TF_ATTR_TYPE, value: this.#backend.binding.TF_INT32 }
  }

  #create(shape: readonly number[], dtype: number, values: Float32Array | Int32Array): number {
    const id = this.#backend.binding.createTensor(shape, dtype, values)
    this.#made.set(id, { id, shape, dtype })
    return id
  }

  #executeAll(op: string, attributes: OpAttribute[], inputs: number[], outputCount: number): number[] {
    const outputs = this.#backend.binding.executeOp(op, attributes, inputs, outputCount)
    for (const output of outputs) this.#made.set(output.id, output)
    return outputs.map(({ id }) => id)
  }
}
