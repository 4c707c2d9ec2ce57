import type { KernelConfig, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core'
import { floatWord, type Heap, wasmKernel } from '../kernels/wasm-heap.ts'
import type { CrossEntropyAttributes } from './cross-entropy-op.ts'

type Inputs = { logits: Tensor2D; labels: Tensor1D; classWeights: Tensor1D }

export const crossEntropyWasm: KernelConfig = wasmKernel<Inputs, CrossEntropyAttributes>(
  'crossEntropy',
  (inputs, attributes, heap) => {
    const [losses, weights] = [heap.output(inputs.labels.shape), heap.output(inputs.labels.shape)] as const
    run('crossEntropy', heap, inputs, attributes, [heap.address(losses), heap.address(weights), 0])
    return [losses, weights]
  },
)

export const crossEntropyGradientWasm: KernelConfig = wasmKernel<
  Inputs & { dlosses: Tensor1D },
  CrossEntropyAttributes
>('crossEntropyGradient', ({ dlosses, ...inputs }, attributes, heap) => {
  const gradient = heap.output(inputs.logits.shape)
  run('crossEntropyGradient', heap, inputs, attributes, [heap.address(dlosses), 0, heap.address(gradient)])
  return gradient
})

/** The labels were checked: they are classes, or ignored. */
function run(
  kernel: 'crossEntropy' | 'crossEntropyGradient',
  heap: Heap,
  { logits, labels, classWeights }: Inputs,
  { labelSmoothing, ignoreIndex }: CrossEntropyAttributes,
  results: readonly number[],
): void {
  const inputs = [logits, labels, classWeights].map((tensor) => heap.address(tensor))
  const job = heap.table([...inputs, ...results, ...logits.shape, floatWord(labelSmoothing), ignoreIndex])
  // What takes less time than to wake another thread is done alone.
  if (logits.size < 16_384) heap.runner.runAlone(kernel, job)
  else heap.runner.run(kernel, job)
}
