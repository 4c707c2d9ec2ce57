import type { Tensor1D, Tensor4D } from '@tensorflow/tfjs-core'
import type { Activation } from '../activation/activations.ts'
import { padConstant, slice } from '../array/shape.ts'
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
  const axis = (index: 0 | 1): { full: number; size: number; sides: Pair; beyond: number } => {
    const full =
      ((x.shape[index + 1] as number) - 1) * stride[index] + dilation[index] * ((filter.shape[index] as number) - 1) + 1
    return {
      full, // before padding cuts rows from both sides
      size: full - 2 * padding[index] + outputPadding[index],
      // Output padding takes back rows that padding cut at the bottom; rows beyond those get nothing but the bias.
      sides: [padding[index], Math.max(0, padding[index] - outputPadding[index])],
      beyond: Math.max(0, outputPadding[index] - padding[index]),
    }
  }
  const [rows, columns] = [axis(0), axis(1)]
  const size: Pair = [rows.size, columns.size]
  if (size[0] < 1 || size[1] < 1) {
    throw new ShapeError(`${operator}: the output would be [${size}]. Use less padding than [${padding}].`)
  }
  expectBias(operator, bias, outChannels)
  const transposed = (sides: readonly [Pair, Pair], inputSize: Pair): Tensor4D =>
    conv2dInputGradientOp({ dy: x, filter }, { stride, padding: sides, dilation, groups, inputSize })
  const y =
    rows.beyond + columns.beyond === 0
      ? transposed([rows.sides, columns.sides], size)
      : slice(
          padConstant(
            transposed(
              [
                [0, 0],
                [0, 0],
              ],
              [rows.full, columns.full],
            ),
            [
              [0, 0],
              [0, rows.beyond],
              [0, columns.beyond],
              [0, 0],
            ],
          ),
          [0, ...padding, 0],
          [x.shape[0], ...size, outChannels],
        )
  return addBias(y, bias, activation)
}
