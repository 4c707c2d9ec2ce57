import type { KernelBackend, KernelConfig, Tensor, TensorInfo } from '@tensorflow/tfjs-core'

/** What the native addon `tfjs_binding.node` exports, as far as it is used here. */
export interface Binding {
  readonly TF_Version: string
  readonly TF_ATTR_STRING: number
  readonly TF_ATTR_INT: number
  readonly TF_ATTR_FLOAT: number
  readonly TF_ATTR_BOOL: number
  readonly TF_ATTR_TYPE: number
  readonly TF_FLOAT: number
  readonly TF_INT32: number
  isUsingGpuDevice(): boolean
  executeOp(name: string, attributes: OpAttribute[], inputs: number[], outputCount: number): TensorMetadata[]
  /** The values are shared with the tensor. */
  createTensor(shape: readonly number[], dtype: number, values: Float32Array | Int32Array | Uint8Array): number
  deleteTensor(id: number): void
}

/** A tensor of TensorFlow's, by its number in the addon. */
export interface TensorMetadata {
  readonly id: number
  readonly shape: readonly number[]
  readonly dtype: number
}

export interface OpAttribute {
  readonly name: string
  readonly type: number
  readonly value: number | string | boolean | readonly number[]
}

/** tfjs-node's backend; the addon is an argument, so that it may have been built anywhere. */
export declare class NodeJSKernelBackend extends KernelBackend {
  constructor(binding: Binding, packageName: string)
  readonly binding: Binding
  getInputTensorIds(tensors: readonly TensorInfo[]): number[]
  createOutputTensor(metadata: TensorMetadata): Tensor
  executeMultipleOutputs(name: string, attributes: OpAttribute[], inputs: TensorInfo[], outputCount: number): Tensor[]
}

/** tfjs-node's kernels, not yet registered. */
export declare const stockKernels: readonly KernelConfig[]
