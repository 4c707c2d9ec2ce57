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
  executeOp(name: string, attributes: OpAttribute[], inputs: number[], outputCount: number): unknown[]
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
  executeMultipleOutputs(name: string, attributes: OpAttribute[], inputs: TensorInfo[], outputCount: number): Tensor[]
}

/** tfjs-node's kernels, not yet registered. */
export declare const stockKernels: readonly KernelConfig[]
