import { type Activation, type PadMode, type Pair, pad, ShapeError, type Tensor } from '@ddnet/ops'
import { itemAt } from '@ddnet/ops/checks'
import { uniformByFanIn } from './initializers.ts'
import { type Initializer, Parameter } from './parameter.ts'
import type { WeightLayout } from './weight-layout.ts'

/** What begins the parameters of a convolution or linear layer, in the place of PyTorch's default. */
export interface InitConfig {
  readonly weightInit?: Initializer
  readonly biasInit?: Initializer
}

export interface ConvolutionConfig extends InitConfig {
  readonly groups?: number
  readonly bias?: boolean
}

/** What a convolution pads with: PyTorch's `padding_mode`. */
export type PaddingMode = 'zeros' | Exclude<PadMode, 'constant'>

/**
 * Weight and bias of a convolution, `[…kernel, a, b]`, where `a` counts the channels of a group.
 *
 * @throws RangeError unless groups divide both channels
 */
export function convolutionParameters(
  layer: string,
  layout: Exclude<WeightLayout, 'linear'>,
  kernel: readonly number[],
  [inChannels, outChannels]: Pair,
  { groups = 1, bias = true, weightInit, biasInit }: ConvolutionConfig,
): { weight: Parameter; bias: Parameter | undefined } {
  if (!Number.isInteger(groups) || groups < 1 || inChannels % groups !== 0 || outChannels % groups !== 0) {
    throw new RangeError(
      `${layer}: expected groups to divide the channels (${inChannels} in, ${outChannels} out), got ${groups}.`,
    )
  }
  const [a, b] = layout === 'filter' ? [inChannels / groups, outChannels] : [outChannels / groups, inChannels]
  const init = uniformByFanIn(kernel.reduce((product, size) => product * size, a))
  return {
    weight: new Parameter([...kernel, a, b], { init: weightInit ?? init, layout }),
    bias: bias ? new Parameter([outChannels], { init: biasInit ?? init }) : undefined,
  }
}

/** The tensors and the activation as the operators' options. */
export const biasAndActivation = (
  bias: Parameter | undefined,
  activation: Activation | undefined,
): { bias?: Tensor; activation?: Activation } => ({
  ...(bias && { bias: bias.value }),
  ...(activation && { activation }),
})

/**
 * `x` with what the convolution would pad it, taken from x itself.
 *
 * @param sizes of each axis between batch and channels
 */
export function padded(
  layer: string,
  x: Tensor,
  mode: Exclude<PaddingMode, 'zeros'>,
  padding: readonly number[] | 'same' | 'valid',
  kernel: readonly number[],
  dilation: readonly number[],
): Tensor {
  if (x.rank !== kernel.length + 2) {
    throw new ShapeError(`${layer}: expected x of ${kernel.length + 2} axes, the channels last, got [${x.shape}].`)
  }
  const pairs = kernel.map((size, axis): Pair => {
    if (padding === 'valid') return [0, 0]
    if (padding !== 'same') return [itemAt(padding, axis), itemAt(padding, axis)]
    const total = itemAt(dilation, axis) * (size - 1)
    return [Math.floor(total / 2), Math.ceil(total / 2)] // the odd one after, as in PyTorch
  })
  return pad(x, [[0, 0], ...pairs, [0, 0]], { mode })
}
