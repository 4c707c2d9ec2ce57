import type { KernelConfig, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core'
import { type Heap, wasmKernel } from '../kernels/wasm-heap.ts'
import type { Structs } from '../kernels/wasm-structs.generated.ts'
import type { CrossEntropyAttributes } from './cross-entropy-op.ts'

type Inputs = { logits: Tensor2D; labels: Tensor1D; classWeights: Tensor1D }

export const crossEntropyWasm: KernelConfig = wasmKernel<Inputs, CrossEntropyAttributes>(
  'softmaxCrossEntropy',
  (inputs, attributes, heap) => {
    const [losses, weights] = [heap.output(inputs.labels.shape), heap.output(inputs.labels.shape)] as const
    run('crossEntropy', heap, inputs, attributes, {
      losses: heap.address(losses),
      weights: heap.address(weights),
      gradient: 0,
    })
    return [losses, weights]
  },
)

export const crossEntropyGradientWasm: KernelConfig = wasmKernel<
  Inputs & { dlosses: Tensor1D },
  CrossEntropyAttributes
>('softmaxCrossEntropyGradient', ({ dlosses, ...inputs }, attributes, heap) => {
  const gradient = heap.output(inputs.logits.shape)
  run('crossEntropyGradient', heap, inputs, attributes, {
    losses: heap.address(dlosses),
    weights: 0,
    gradient: heap.address(gradient),
  })
  return gradient
})

/** The labels were checked: they are classes, or ignored. */
function run(
  kernel: 'crossEntropy' | 'crossEntropyGradient',
  heap: Heap,
  { logits, labels, classWeights }: Inputs,
  { labelSmoothing, ignoreIndex }: CrossEntropyAttributes,
  results: Pick<Structs['CrossEntropy'], 'losses' | 'weights' | 'gradient'>,
): void {
  const job = heap.write('CrossEntropy', {
    logits: heap.address(logits),
    labels: heap.address(labels),
    classWeights: heap.address(classWeights),
    losses: results.losses,
    weights: results.weights,
    gradient: results.gradient,
    rows: logits.shape[0],
    classes: logits.shape[1],
    smoothing: labelSmoothing,
    ignoreIndex,
  })
  // What takes less time than to wake another thread is done alone.
  if (logits.size < 16_384) heap.runner.runAlone(kernel, job)
  else heap.runner.run(kernel, job)
}
