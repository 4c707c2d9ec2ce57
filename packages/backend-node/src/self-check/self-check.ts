import { BackendUnavailable } from '@ddnet/ops'
import { installCommand } from '../installations.ts'
import {
  type Comparison,
  type ConvolutionCase,
  compareBatchNorm,
  compareConvolution,
  comparePoolings,
  faultIn,
} from './comparison.ts'

/** Small ones of every kind that TensorFlow computes in a way of its own, those that were wrong somewhere among them. */
const convolutions: readonly ConvolutionCase[] = [
  { x: [2, 5, 5, 1], outChannels: 1, kernelSize: [3, 3], padding: [1, 1] },
  { x: [1, 4, 4, 1], outChannels: 1, kernelSize: [2, 2] },
  { x: [2, 4, 2, 1], outChannels: 3, kernelSize: [3, 3], stride: [1, 2], padding: [0, 1] },
  { x: [1, 6, 6, 3], outChannels: 1, kernelSize: [1, 1], stride: [1, 2] },
  { x: [1, 8, 4, 5], outChannels: 4, kernelSize: [1, 1], stride: [2, 2] },
  { x: [2, 6, 5, 3], outChannels: 8, kernelSize: [3, 3], stride: [2, 2], padding: [1, 1] },
  { x: [2, 5, 6, 16], outChannels: 17, kernelSize: [3, 3], padding: [1, 1] },
  { x: [1, 7, 7, 4], outChannels: 6, kernelSize: [3, 3], padding: [2, 2], dilation: [2, 2] },
  { x: [2, 5, 5, 4], outChannels: 8, kernelSize: [3, 3], padding: [1, 1], groups: 2 },
  { x: [2, 5, 5, 8], outChannels: 8, kernelSize: [3, 3], padding: [1, 1], groups: 8 },
]

/**
 * Compares convolutions, poolings and batch norm, with their gradients, with plain arithmetic: a library that is wrong on this
 * processor trains without a word, to nothing.
 *
 * @param hasOneDnn whether TensorFlow may take oneDNN's kernels, which can be left out
 * @throws BackendUnavailable naming the operator, its shapes, the numbers, and the remedy
 */
export function expectRightNumbers(device: string, hasOneDnn: boolean): void {
  const comparisons: (() => Comparison)[] = [
    ...convolutions.map((each) => () => compareConvolution(each)),
    () => comparePoolings({ x: [1, 6, 5, 3], kernelSize: [3, 3], stride: [2, 2], padding: [1, 1] }),
    () => compareBatchNorm([4, 3, 3, 1]),
    () => compareBatchNorm([2, 4, 4, 5]),
  ]
  // GPUs may round what they multiply to 10 bits.
  const tolerance = device === 'cpu' ? 1e-4 : 1e-2
  for (const compare of comparisons) {
    const fault = faultIn(compare(), tolerance)
    if (fault === undefined) continue
    const remedy = hasOneDnn
      ? "Start the process with TF_ENABLE_ONEDNN_OPTS=0, which leaves out oneDNN's kernels."
      : `Install TensorFlow again (${installCommand}), or use another backend.`
    throw new BackendUnavailable(`tensorflow: wrong numbers on ${device}: ${fault}. ${remedy}`)
  }
}
