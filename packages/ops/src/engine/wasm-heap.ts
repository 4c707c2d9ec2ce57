import type { DataType, KernelConfig, Tensor, TensorInfo } from '@tensorflow/tfjs-core'

/** What a kernel needs of tfjs-backend-wasm. */
interface WasmBackend {
  makeOutput(shape: number[], dtype: DataType): TensorInfo
  typedArrayFromHeap(info: TensorInfo): Float32Array
}

/** Allocates outputs and gives views of tensors in the WASM heap. */
export interface Heap {
  output(shape: number[]): TensorInfo
  /** Views are valid until the next allocation: make all outputs first. */
  view(x: TensorInfo): Float32Array
}

/** A kernel for the WASM backend that computes on the heap directly. */
export function wasmKernel<I extends Record<string, Tensor>, A>(
  kernelName: string,
  kernel: (inputs: I, attributes: A, heap: Heap) => TensorInfo | TensorInfo[],
): KernelConfig {
  return {
    kernelName,
    backendName: 'wasm',
    kernelFunc: ({ inputs, attrs, backend }) => {
      const wasm = backend as WasmBackend // registered for that backend alone
      const heap: Heap = {
        output: (shape) => wasm.makeOutput(shape, 'float32'),
        view: (x) => wasm.typedArrayFromHeap(x),
      }
      // The engine's types say TensorInfo; operators' inputs are always Tensors.
      return kernel(inputs as unknown as I, attrs as unknown as A, heap)
    },
  }
}
