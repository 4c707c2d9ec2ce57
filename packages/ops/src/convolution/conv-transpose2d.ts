import type { Tensor1D, Tensor4D } from '@tensorflow/tfjs-core'
import type { Activation } from '../activation/activations.ts'
import { ShapeError } from '../engine/shape-error.ts'
import { addBias, expectBias } from './bias.ts'
import { conv2dInputGradientOp } from './conv2d-op.ts'
import { expectGroups, expectTensor, type Pair, pair, type Size } from './geometry.ts'

export interface ConvTranspose2dOptions {
  stride?: Size
  /** Rows and columns cut from each side of the full result, as in PyTorch. */
  padding?: Size
  /** Rows and columns added at the bottom and right; smaller than the stride or the dilation. */
  outputPadding?: Size
  dilation?: Size
  groups?: number
  bias?: Tensor1D
  activation?: Activation
}

/**
 * 2-d transposed convolution ("deconvolution"): the adjoint of `conv2d` in its input, not its inverse;
 * `⟨conv2d(x, f), y⟩ = ⟨x, convTranspose2d(y, f)⟩`.
 *
 * @param x `[batch, height, width, inChannels]`, float32
 * @param filter `[kernelHeight, kernelWidth, outChannels / groups, inChannels]`
 * @returns `[batch, outHeight, outWidth, outChannels]`, with
 *   `outHeight = (height − 1)·stride − 2·padding + dilation·(kernelHeight − 1) + outputPadding + 1`
 * @throws ShapeError if ranks, channels, groups or options do not fit, or the output would be empty
 * @see torch.nn.functional.conv_transpose2d; Zeiler et al. 2010, "Deconvolutional networks"
 * @example convTranspose2d(x, filter, { stride: 2, padding: 1, outputPadding: 1 }) // doubles height and width at kernel 3
 */
export function convTranspose2d(x: Tensor4D, filter: Tensor4D, options: ConvTranspose2dOptions = {}): Tensor4D {
  const { groups = 1, bias, activation } = options
  const operator = 'convTranspose2d'
  expectTensor(operator, 'x', x, 4, '[batch, height, width, channels]')
  expectTensor(operator, 'filter', filter, 4, '[kernelHeight, kernelWidth, outChannels / groups, inChannels]')
  const [kernelHeight, kernelWidth, groupOutChannels, inChannels] = filter.shape
  const outChannels = groupOutChannels * groups
  const stride = pair(operator, 'stride', options.stride ?? 1, 1)
  const dilation = pair(operator, 'dilation', options.dilation ?? 1, 1)
  const padding = pair(operator, 'padding', options.padding ?? 0, 0)
  const outputPadding = pair(operator, 'outputPadding', options.outputPadding ?? 0, 0)
  expectGroups(operator, groups, x.shape[3], outChannels)
  if (inChannels !== x.shape[3]) {
    throw new ShapeError(
      `${operator}: expected a filter for ${x.shape[3]} input channels, [${kernelHeight}, ${kernelWidth}, …, ${x.shape[3]}], got [${filter.shape}].`,
    )
  }
  for (const axis of [0, 1] as const) {
    if (outputPadding[axis] >= Math.max(stride[axis], dilation[axis])) {
      throw new ShapeError(
        `${operator}: expected outputPadding smaller than stride or dilation, got [${outputPadding}] with stride [${stride}] and dilation [${dilation}].`,
      )
    }
  }
  const outputSize = (axis: 0 | 1): number =>
    ((x.shape[axis + 1] as number) - 1) * stride[axis] -
    2 * padding[axis] +
    dilation[axis] * ((filter.shape[axis] as number) - 1) +
    outputPadding[axis] +
    1
  const inputSize: Pair = [outputSize(0), outputSize(1)]
  if (inputSize[0] < 1 || inputSize[1] < 1) {
    throw new ShapeError(`${operator}: the output would be [${inputSize}]. Use less padding than [${padding}].`)
  }
  expectBias(operator, bias, outChannels)
  const y = conv2dInputGradientOp(
    { dy: x, filter },
    {
      stride,
      padding: [
        [padding[0], padding[0]],
        [padding[1], padding[1]],
      ],
      dilation,
      groups,
      inputSize,
    },
  )
  return addBias(y, bias, activation)
}
