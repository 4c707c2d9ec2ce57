import type { Tensor } from '@tensorflow/tfjs-core'
import { type Activation, expectActivation } from '../activation/activations.ts'
import { itemAt, lastItem, tuple } from '../checks/item.ts'
import { ShapeError } from '../checks/shape-error.ts'
import { type ConvolutionGeometry, convolvedSize, expectGroups, type Pair, samePadding } from './geometry.ts'

/** The options of a convolution over one or two axes, before they are checked. */
export interface GivenOptions {
  readonly stride?: number | readonly number[]
  readonly padding?: number | readonly number[] | 'same' | 'valid'
  readonly outputPadding?: number | readonly number[]
  readonly dilation?: number | readonly number[]
  readonly groups?: number
  readonly bias?: Tensor
  readonly activation?: Activation
}

/** What an operator's messages call things: its name, and its axes `['height', 'width']` or `['length']`. */
export interface Naming {
  readonly operator: string
  readonly axes: readonly string[]
}

/** One axis of a convolution. */
export interface Axis {
  readonly size: number
  readonly kernel: number
  readonly stride: number
  /** Zeros before and after. */
  readonly padding: Pair
  readonly dilation: number
}

/** An option as one integer ≥ `minimum` for each axis. */
function perAxis(
  { operator, axes }: Naming,
  option: string,
  given: number | readonly number[],
  minimum: number,
): readonly number[] {
  const values = typeof given === 'number' ? axes.map(() => given) : given
  if (values.length !== axes.length || values.some((value) => !Number.isInteger(value) || value < minimum)) {
    const orPair = axes.length === 1 ? '' : ' or a pair of them'
    throw new ShapeError(
      `${operator}: expected ${option} to be an integer of at least ${minimum}${orPair}, got ${JSON.stringify(given)}.`,
    )
  }
  return values
}

/** The axes of a convolution of an input by a filter of these shapes, whose ranks fit; @throws ShapeError where anything else does not. */
export function convolutionAxes(
  naming: Naming,
  xShape: readonly number[],
  filterShape: readonly number[],
  options: GivenOptions,
): readonly Axis[] {
  const { operator, axes } = naming
  const { groups = 1, padding: given = 0 } = options
  expectActivation(operator, options.activation)
  const kernel = filterShape.slice(0, axes.length)
  const [groupChannels, outChannels] = tuple(filterShape.slice(axes.length), 2)
  const inChannels = lastItem(xShape)
  const stride = perAxis(naming, 'stride', options.stride ?? 1, 1)
  const dilation = perAxis(naming, 'dilation', options.dilation ?? 1, 1)
  if (typeof given === 'string' && given !== 'same' && given !== 'valid') {
    throw new ShapeError(`${operator}: expected padding as a number, 'same' or 'valid', got '${given}'.`)
  }
  if (given === 'same' && stride.some((each) => each !== 1)) {
    throw new ShapeError(`${operator}: padding 'same' needs stride 1, got [${stride}]. Give the padding as a number.`)
  }
  const padding = typeof given === 'string' ? [] : perAxis(naming, 'padding', given, 0)
  expectGroups(operator, groups, inChannels, outChannels)
  if (groupChannels * groups !== inChannels) {
    throw new ShapeError(
      `${operator}: expected a filter for ${inChannels} input channels in ${groups} group(s), [${kernel}, ${inChannels / groups}, …], got [${filterShape}].`,
    )
  }
  const checked = kernel.map((taps, index): Axis => {
    const [size, along, apart] = [xShape[index + 1], stride[index], dilation[index]] as [number, number, number]
    const both = padding[index] ?? 0
    return {
      size,
      kernel: taps,
      stride: along,
      padding: given === 'same' ? samePadding(taps, apart) : [both, both],
      dilation: apart,
    }
  })
  if (checked.some((axis) => outputSize(axis) < 1)) {
    throw new ShapeError(
      `${operator}: the kernel [${kernel}] (dilation [${dilation}]) is larger than the padded input [${checked.map(({ size }) => size).join(', ')}] + padding [${checked.map((axis) => axis.padding[0])}]. Pad more or use a smaller kernel.`,
    )
  }
  return checked
}

/** The axes of a transposed convolution by shapes whose ranks fit, of which `size` is the output's; @throws ShapeError where anything else does not. */
export function transposedAxes(
  naming: Naming,
  xShape: readonly number[],
  filterShape: readonly number[],
  options: GivenOptions,
): readonly (Axis & { readonly outputPadding: number })[] {
  const { operator, axes } = naming
  const { groups = 1 } = options
  expectActivation(operator, options.activation)
  const kernel = filterShape.slice(0, axes.length)
  const [groupOutChannels, filterChannels] = tuple(filterShape.slice(axes.length), 2)
  const inChannels = lastItem(xShape)
  const stride = perAxis(naming, 'stride', options.stride ?? 1, 1)
  const dilation = perAxis(naming, 'dilation', options.dilation ?? 1, 1)
  if (typeof options.padding === 'string') {
    throw new ShapeError(
      `${operator}: expected padding as a number, got '${options.padding}'. Give padding and outputPadding that make the size you want.`,
    )
  }
  const padding = perAxis(naming, 'padding', options.padding ?? 0, 0)
  const outputPadding = perAxis(naming, 'outputPadding', options.outputPadding ?? 0, 0)
  expectGroups(operator, groups, inChannels, groupOutChannels * groups)
  if (filterChannels !== inChannels) {
    throw new ShapeError(
      `${operator}: expected a filter for ${inChannels} input channels, [${kernel.join(', ')}, …, ${inChannels}], got [${filterShape}].`,
    )
  }
  const checked = kernel.map((taps, index) => {
    const [along, apart, cut, extra] = [stride[index], dilation[index], padding[index], outputPadding[index]] as [
      number,
      number,
      number,
      number,
    ]
    const full = (itemAt(xShape, index + 1) - 1) * along + apart * (taps - 1) + 1
    return {
      size: full - 2 * cut + extra,
      kernel: taps,
      stride: along,
      padding: [cut, cut] as const,
      dilation: apart,
      outputPadding: extra,
    }
  })
  if (checked.some((axis) => axis.outputPadding >= Math.max(axis.stride, axis.dilation))) {
    throw new ShapeError(
      `${operator}: expected outputPadding smaller than stride or dilation, got [${outputPadding}] with stride [${stride}] and dilation [${dilation}].`,
    )
  }
  if (checked.some(({ size }) => size < 1)) {
    throw new ShapeError(
      `${operator}: the output would be [${checked.map(({ size }) => size)}]. Use less padding than [${padding}].`,
    )
  }
  return checked
}

const outputSize = ({ size, kernel, stride, padding, dilation }: Axis): number =>
  convolvedSize(size, kernel, stride, padding, dilation)

/**
 * The geometry over height and width. One axis alone is the width of images of one row, whose kernel has one row too:
 * their stride and dilation along the height change nothing, and are the width's, since some kernels want them equal.
 */
export function imageGeometry(axes: readonly Omit<Axis, 'size' | 'kernel'>[], groups: number): ConvolutionGeometry {
  const last = lastItem(axes)
  const first = axes.length === 1 ? { ...last, padding: [0, 0] as const } : itemAt(axes, 0)
  return {
    stride: [first.stride, last.stride],
    padding: [first.padding, last.padding],
    dilation: [first.dilation, last.dilation],
    groups,
  }
}
