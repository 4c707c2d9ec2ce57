import { itemAt } from '@ddnet/ops/checks'
import { type KernelConfig, type Tensor, tidy } from '@tensorflow/tfjs-core'
import type { Binding, NodeJSKernelBackend, OpAttribute, TensorMetadata } from '../vendor/tfjs-node.mjs'

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

/** Runs TensorFlow ops, on float32 tensors unless the attribute `T` says otherwise. */
export interface Executor {
  execute<T extends Tensor = Tensor>(op: string, inputs: readonly Tensor[], attributes?: Attributes): T
  /** The same in float64, which oneDNN does not have: float32 tensors are cast, and so is the result. CPU only. */
  executeInDouble<T extends Tensor = Tensor>(op: string, inputs: readonly Tensor[], attributes?: Attributes): T
  readonly isGpu: boolean
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
    isGpu: backend.binding.isUsingGpuDevice(),
    executeAll,
    executeInDouble: <T extends Tensor>(op: string, inputs: readonly Tensor[], attributes: Attributes = {}) =>
      inDouble(backend, op, inputs, attributes) as T,
    execute: <T extends Tensor>(op: string, inputs: readonly Tensor[], attributes: Attributes = {}) =>
      executeAll(op, inputs, attributes, 1)[0] as T,
  }
}

/** TensorFlow's number of float64, which the addon has no name for. */
const TF_DOUBLE = 2

function inDouble(backend: NodeJSKernelBackend, op: string, inputs: readonly Tensor[], attributes: Attributes): Tensor {
  const { binding } = backend
  const made: number[] = []
  const execute = (name: string, attributes: OpAttribute[], ids: number[]): TensorMetadata => {
    const output = itemAt(binding.executeOp(name, attributes, ids, 1), 0)
    made.push(output.id)
    return output
  }
  const cast = (id: number, from: number, to: number): TensorMetadata => {
    const type = (name: string, value: number): OpAttribute => ({ name, type: binding.TF_ATTR_TYPE, value })
    const truncate = { name: 'Truncate', type: binding.TF_ATTR_BOOL, value: false }
    return execute('Cast', [type('SrcT', from), type('DstT', to), truncate], [id])
  }
  try {
    const ids = backend
      .getInputTensorIds(inputs)
      .map((id, at) => (inputs[at]?.dtype === 'float32' ? cast(id, binding.TF_FLOAT, TF_DOUBLE).id : id))
    const result = cast(execute(op, typed(binding, attributes, TF_DOUBLE), ids).id, TF_DOUBLE, binding.TF_FLOAT)
    made.pop()
    return backend.createOutputTensor(result)
  } finally {
    for (const id of made) binding.deleteTensor(id)
  }
}

function typed(binding: Binding, attributes: Attributes, type: number = binding.TF_FLOAT): OpAttribute[] {
  const result: OpAttribute[] = attributes['T'] ? [] : [{ name: 'T', type: binding.TF_ATTR_TYPE, value: type }]
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
