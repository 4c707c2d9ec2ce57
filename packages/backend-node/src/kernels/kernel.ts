import { type KernelConfig, type Tensor, tidy } from '@tensorflow/tfjs-core'
import type { Binding, NodeJSKernelBackend, OpAttribute } from '../vendor/tfjs-node.mjs'
import { usesOneDnn } from './one-dnn.ts'

/** The engine backend's name, which tfjs-node's own kernels are registered under. */
export const backendName = 'tensorflow'

/** A TensorFlow attribute; JavaScript's numbers say which of TensorFlow's they are. */
export type AttributeValue =
  | string
  | boolean
  | { readonly int: number | readonly number[] }
  | { readonly float: number }
  | { readonly type: 'float32' | 'int32' }

export type Attributes = Readonly<Record<string, AttributeValue>>

/** Runs TensorFlow ops on float32 tensors (their attribute `T`). */
export interface Executor {
  /** Whether TensorFlow's CPU has oneDNN's kernels: see `one-dnn.ts`. */
  readonly hasOneDnn: boolean
  execute<T extends Tensor = Tensor>(op: string, inputs: readonly Tensor[], attributes?: Attributes): T
  /** For an op with several outputs. */
  executeAll(op: string, inputs: readonly Tensor[], attributes: Attributes, outputCount: number): Tensor[]
}

/** A kernel of one of our operators, made of TensorFlow ops; what it leaves behind is disposed. */
export function kernel<I extends Record<string, Tensor>, A>(
  kernelName: string,
  run: (executor: Executor, inputs: I, attributes: A) => Tensor | Tensor[],
): KernelConfig {
  return {
    kernelName,
    backendName,
    // The engine's types say TensorInfo and {}; operators' inputs are Tensors, and this name has one backend.
    kernelFunc: ({ inputs, attrs, backend }) =>
      tidy(() => run(executorOf(backend as NodeJSKernelBackend), inputs as unknown as I, attrs as unknown as A)),
  }
}

function executorOf(backend: NodeJSKernelBackend): Executor {
  const executeAll: Executor['executeAll'] = (op, inputs, attributes, outputCount) =>
    backend.executeMultipleOutputs(op, typed(backend.binding, attributes), [...inputs], outputCount)
  return {
    hasOneDnn: usesOneDnn(backend),
    executeAll,
    execute: <T extends Tensor>(op: string, inputs: readonly Tensor[], attributes: Attributes = {}) =>
      executeAll(op, inputs, attributes, 1)[0] as T,
  }
}

function typed(binding: Binding, attributes: Attributes): OpAttribute[] {
  const result: OpAttribute[] = [{ name: 'T', type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT }]
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'string') result.push({ name, type: binding.TF_ATTR_STRING, value })
    else if (typeof value === 'boolean') result.push({ name, type: binding.TF_ATTR_BOOL, value })
    else if ('int' in value) result.push({ name, type: binding.TF_ATTR_INT, value: value.int })
    else if ('float' in value) result.push({ name, type: binding.TF_ATTR_FLOAT, value: value.float })
    else
      result.push({
        name,
        type: binding.TF_ATTR_TYPE,
        value: value.type === 'int32' ? binding.TF_INT32 : binding.TF_FLOAT,
      })
  }
  return result
}
