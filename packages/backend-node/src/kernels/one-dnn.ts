import type { Tensor } from '@tensorflow/tfjs-core'
import type { NodeJSKernelBackend } from '../vendor/tfjs-node.mjs'
import type { Attributes, Executor } from './kernel.ts'

const backends = new WeakSet<NodeJSKernelBackend>()

/** Whether kernels of this backend may take oneDNN's. */
export const usesOneDnn = (backend: NodeJSKernelBackend): boolean => backends.has(backend)

/** Lets kernels of this backend take oneDNN's, or not. */
export function useOneDnn(backend: NodeJSKernelBackend, uses: boolean): void {
  if (uses) backends.add(backend)
  else backends.delete(backend)
}

/**
 * Runs oneDNN's kernel of a TensorFlow op. TensorFlow for x86 has them on the CPU, but takes them by itself only where
 * `TF_ENABLE_ONEDNN_OPTS` says so or the processor has AVX-512 VNNI, and those of max pooling only in graphs. By their internal names they can be called on any processor.
 */
export const executeOneDnn = (
  { executeAll }: Executor,
  op: string,
  inputs: readonly Tensor[],
  attributes: Attributes,
  outputCount = 1,
): Tensor[] => executeAll(`_MklNative${op}`, inputs, { ...attributes, _kernel: 'MklNameChangeOp' }, outputCount)
