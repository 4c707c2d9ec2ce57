import type { Tensor1D, Tensor4D } from '@tensorflow/tfjs-core'
import { type Activation, activate } from '../activation/activations.ts'
import { defineOp, type Op } from '../autodiff/define-op.ts'
import { activationGradient, addBias, biasGradient } from './bias.ts'
import { conv2dFilterGradientOp, conv2dInputGradientOp, conv2dOp } from './conv2d-op.ts'
import type { ConvolutionGeometry, Pair } from './geometry.ts'

interface Biased extends ConvolutionGeometry {
  readonly activation?: Activation | undefined
}

/** `activation(conv2d(x, filter) + bias)` as one operator, which a backend may compute in one kernel. */
export const biasedConv2dOp: Op<{ x: Tensor4D; filter: Tensor4D; bias: Tensor1D }, Biased, Tensor4D> = defineOp(
  'biasedConv2d',
  {
    inputs: ['x', 'filter', 'bias'],
    forward: ({ x, filter, bias }, { activation, ...geometry }) =>
      addBias(conv2dOp({ x, filter }, geometry), bias, activation),
    saves: ['x', 'filter', 'bias', 'output'],
    shared: (dy: Tensor4D, { output }, { activation }) => activationGradient(dy, output, activation),
    gradient: {
      x: (_dy, { x, filter }, { activation: _, ...geometry }, d) =>
        conv2dInputGradientOp({ dy: d, filter }, { ...geometry, inputSize: [x.shape[1], x.shape[2]] }),
      filter: (_dy, { x, filter }, { activation: _, ...geometry }, d) =>
        conv2dFilterGradientOp({ x, dy: d }, { ...geometry, kernelSize: [filter.shape[0], filter.shape[1]] }),
      bias: (_dy, _saved, _attributes, d) => biasGradient(d),
    },
  },
)

/** `activation(conv2dInputGradient(dy, filter) + bias)`: the transposed convolution with a bias. */
export const biasedInputGradientOp: Op<
  { dy: Tensor4D; filter: Tensor4D; bias: Tensor1D },
  Biased & { inputSize: Pair },
  Tensor4D
> = defineOp('biasedConv2dInputGradient', {
  inputs: ['dy', 'filter', 'bias'],
  forward: ({ dy, filter, bias }, { activation, ...geometry }) =>
    addBias(conv2dInputGradientOp({ dy, filter }, geometry), bias, activation),
  saves: ['dy', 'filter', 'bias', 'output'],
  shared: (g: Tensor4D, { output }, { activation }) => activationGradient(g, output, activation),
  gradient: {
    dy: (_g, { filter }, { activation: _, inputSize: __, ...geometry }, d) => conv2dOp({ x: d, filter }, geometry),
    filter: (_g, { dy, filter }, { activation: _, inputSize: __, ...geometry }, d) =>
      conv2dFilterGradientOp({ x: d, dy }, { ...geometry, kernelSize: [filter.shape[0], filter.shape[1]] }),
    bias: (_g, _saved, _attributes, d) => biasGradient(d),
  },
})

/** The convolution with what its options ask for behind it. */
export function convolve(
  x: Tensor4D,
  filter: Tensor4D,
  geometry: ConvolutionGeometry,
  bias: Tensor1D | undefined,
  activation: Activation | undefined,
): Tensor4D {
  if (bias === undefined) return activate(conv2dOp({ x, filter }, geometry), activation)
  return biasedConv2dOp({ x, filter, bias }, { ...geometry, activation })
}
