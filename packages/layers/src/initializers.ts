import {
  type Key,
  mul,
  ones as onesOf,
  random,
  reshape,
  type Tensor,
  tensor,
  tile,
  transpose,
  zeros as zerosOf,
} from '@ddnet/ops'
import { itemAt } from '@ddnet/ops/checks'
import { orthonormalRows } from './orthonormal-rows.ts'
import type { Initializer } from './parameter.ts'
import { fansOf, fromTorchOrder, outputAxis, toTorchOrder } from './weight-layout.ts'

export const zeros: Initializer = (_, shape) => zerosOf(shape)
export const ones: Initializer = (_, shape) => onesOf(shape)

/** `value` everywhere. @see torch.nn.init.constant_ */
export const constant =
  (value: number): Initializer =>
  (_, shape) =>
    mul(onesOf(shape), value)

/** Uniform in [low, high). @see torch.nn.init.uniform_ */
export const uniform =
  (low = 0, high = 1): Initializer =>
  (key, shape) =>
    random.uniform(key, shape, low, high)

/** @see torch.nn.init.normal_ */
export const normal =
  (mean = 0, std = 1): Initializer =>
  (key, shape) =>
    random.normal(key, shape, mean, std)

/**
 * Uniform in ±1 / √fanIn: PyTorch's default for convolutions and linear layers (`kaiming_uniform_(a = √5)` for the weight, the
 * same bound for the bias). @param fanIn how many inputs one output is computed from
 */
export const uniformByFanIn = (fanIn: number): Initializer => {
  const bound = 1 / Math.sqrt(fanIn)
  return uniform(-bound, bound)
}

export interface TruncatedNormalOptions {
  readonly mean?: number
  readonly std?: number
  /** The least and the largest value: numbers, and not multiples of `std`, as in PyTorch. */
  readonly a?: number
  readonly b?: number
}

/**
 * Normal numbers given that they lie in [a, b].
 *
 * @throws RangeError unless `std` is above 0, `a < b`, and the mean at most two standard deviations outside of [a, b]
 * @see torch.nn.init.trunc_normal_
 */
export function truncatedNormal({ mean = 0, std = 1, a = -2, b = 2 }: TruncatedNormalOptions = {}): Initializer {
  if (!(std > 0 && std < Number.POSITIVE_INFINITY && a < b && Number.isFinite(mean))) {
    throw new RangeError(
      `truncatedNormal: expected a finite mean, std above 0 and a < b, got mean ${mean}, std ${std}, a ${a} and b ${b}.`,
    )
  }
  const [low, high] = [(a - mean) / std, (b - mean) / std]
  if (low > 2 || high < -2) {
    throw new RangeError(
      `truncatedNormal: expected the mean at most two standard deviations outside of [a, b], got mean ${mean}, std ${std}, a ${a} and b ${b}. Give it a mean nearer to them.`,
    )
  }
  return (key, shape) => {
    const size = shape.reduce((product, each) => product * each, 1)
    const values = new Float32Array(size)
    let open = Array.from(values, (_, index) => index)
    for (let round = 0; open.length > 0; round++) {
      const drawn = proposals(low, high)(key.fold(round), open.length)
      open = open.filter((index, at) => {
        const z = itemAt(drawn, at)
        if (Number.isNaN(z)) return true
        values[index] = mean + std * z
        return false
      })
    }
    return tensor(values, shape)
  }
}

/**
 * Standard normal numbers in [low, high], and NaN for those to be drawn again: normal ones that lie there; of a narrow interval
 * uniform ones, each taken with the probability of its density over the highest one there.
 */
function proposals(low: number, high: number): (key: Key, size: number) => Float64Array {
  const nearest = Math.min(high, Math.max(low, 0))
  return (key, size) => {
    if (high - low > 2.5) {
      const drawn = random.normalValues(key, size)
      return Float64Array.from(drawn, (z) => (z >= low && z <= high ? z : Number.NaN))
    }
    const [places, chances] = [
      random.uniformValues(key.fold('z'), size),
      random.uniformValues(key.fold('chance'), size),
    ]
    return Float64Array.from(places, (place, at) => {
      const z = low + place * (high - low)
      return itemAt(chances, at) < Math.exp((nearest ** 2 - z ** 2) / 2) ? z : Number.NaN
    })
  }
}

export type Nonlinearity = 'linear' | 'sigmoid' | 'tanh' | 'relu' | 'leakyRelu' | 'selu'

/**
 * By what an activation is made up for, so that the variance stays from layer to layer: 1 for `linear` and `sigmoid`, 5/3 for `tanh`,
 * √2 for `relu`, √(2 / (1 + slope²)) for `leakyRelu`, 3/4 for `selu`.
 *
 * @param negativeSlope of `leakyRelu`
 * @throws RangeError for another name
 * @see torch.nn.init.calculate_gain
 */
export function gainOf(nonlinearity: Nonlinearity, negativeSlope = 0.01): number {
  switch (nonlinearity) {
    case 'linear':
    case 'sigmoid':
      return 1
    case 'tanh':
      return 5 / 3
    case 'relu':
      return Math.SQRT2
    case 'leakyRelu':
      return Math.sqrt(2 / (1 + negativeSlope ** 2))
    case 'selu':
      return 3 / 4
    default:
      throw new RangeError(
        `expected a nonlinearity of linear, sigmoid, tanh, relu, leakyRelu and selu, got '${nonlinearity satisfies never}'.`,
      )
  }
}

export interface KaimingOptions {
  /** Whose variance is to stay: that of the values forwards (`fanIn`) or of the gradients backwards (`fanOut`). */
  readonly mode?: 'fanIn' | 'fanOut'
  /** What follows the weight; 'leakyRelu' by default, which with `negativeSlope` 0 is ReLU. */
  readonly nonlinearity?: Nonlinearity
  /** The slope of 'leakyRelu' below 0; PyTorch's `a`. */
  readonly negativeSlope?: number
}

function kaimingStd(
  shape: readonly number[],
  layout: Parameters<Initializer>[2],
  { mode = 'fanIn', nonlinearity = 'leakyRelu', negativeSlope = 0 }: KaimingOptions,
): number {
  if (mode !== 'fanIn' && mode !== 'fanOut') {
    throw new RangeError(`kaiming: expected mode 'fanIn' or 'fanOut', got '${mode satisfies never}'.`)
  }
  return gainOf(nonlinearity, negativeSlope) / Math.sqrt(fansOf(shape, layout)[mode])
}

/** Uniform in ±√3 · gain / √fan. @throws RangeError for a parameter without fans @see torch.nn.init.kaiming_uniform_; He et al. 2015 */
export const kaimingUniform =
  (options: KaimingOptions = {}): Initializer =>
  (key, shape, layout) => {
    const bound = Math.sqrt(3) * kaimingStd(shape, layout, options)
    return random.uniform(key, shape, -bound, bound)
  }

/** Normal with the standard deviation gain / √fan. @throws RangeError for a parameter without fans @see torch.nn.init.kaiming_normal_; He et al. 2015 */
export const kaimingNormal =
  (options: KaimingOptions = {}): Initializer =>
  (key, shape, layout) =>
    random.normal(key, shape, 0, kaimingStd(shape, layout, options))

export interface GainOptions {
  /** What all is multiplied with: `gainOf(nonlinearity)`, for example. */
  readonly gain?: number
}

function xavierStd(shape: readonly number[], layout: Parameters<Initializer>[2], { gain = 1 }: GainOptions): number {
  const { fanIn, fanOut } = fansOf(shape, layout)
  return gain * Math.sqrt(2 / (fanIn + fanOut))
}

/** Uniform in ±gain · √(6 / (fanIn + fanOut)). @throws RangeError for a parameter without fans @see torch.nn.init.xavier_uniform_; Glorot & Bengio 2010 */
export const xavierUniform =
  (options: GainOptions = {}): Initializer =>
  (key, shape, layout) => {
    const bound = Math.sqrt(3) * xavierStd(shape, layout, options)
    return random.uniform(key, shape, -bound, bound)
  }

/** Normal with the standard deviation gain · √(2 / (fanIn + fanOut)). @throws RangeError for a parameter without fans @see torch.nn.init.xavier_normal_; Glorot & Bengio 2010 */
export const xavierNormal =
  (options: GainOptions = {}): Initializer =>
  (key, shape, layout) =>
    random.normal(key, shape, 0, xavierStd(shape, layout, options))

/**
 * A random orthogonal matrix times `gain`. The matrix is the weight in PyTorch's layout, its first axis against all others:
 * where that is not square, what there are fewer of, rows or columns, are orthonormal.
 *
 * @throws RangeError for a parameter without a layout
 * @see torch.nn.init.orthogonal_; Saxe et al. 2013, "Exact solutions to the nonlinear dynamics of learning in deep linear neural networks"
 */
export const orthogonal =
  ({ gain = 1 }: GainOptions = {}): Initializer =>
  (key, shape, layout) => {
    fansOf(shape, layout) // refuses what has no layout
    const torchShape = toTorchOrder(layout, shape.length).map((axis) => itemAt(shape, axis))
    const [rows, columns] = [itemAt(torchShape, 0), torchShape.slice(1).reduce((product, size) => product * size, 1)]
    const [few, many] = [Math.min(rows, columns), Math.max(rows, columns)]
    const basis = orthonormalRows(random.normalValues(key, few * many), few, many)
    const matrix = tensor(
      Float32Array.from(basis, (value) => gain * value),
      [few, many],
    )
    const weight = reshape(rows <= columns ? matrix : transpose(matrix), torchShape)
    return transpose(weight, fromTorchOrder(layout, shape.length))
  }

export interface IcnrOptions {
  /** The factor of the `PixelShuffle` behind the convolution. */
  readonly factor: number
  /** What one output for each pixel is drawn with; PyTorch's default for convolutions without one. */
  readonly init?: Initializer
}

/**
 * For a convolution before a `PixelShuffle`: its factor² outputs that become the pixels of one channel begin equal, so that it
 * begins as the nearest neighbours of a convolution at low resolution, without a checkerboard.
 *
 * @throws RangeError unless factor² divides the outputs, and for a parameter of several axes without a layout
 * @see Aitken et al. 2017, "Checkerboard artifact free sub-pixel convolution"
 * @example new Conv2d(32, 3 * 2 ** 2, { kernelSize: 3, padding: 1, weightInit: initializers.icnr({ factor: 2 }) })
 */
export function icnr({ factor, init = kaimingUniform({ negativeSlope: Math.sqrt(5) }) }: IcnrOptions): Initializer {
  if (!Number.isInteger(factor) || factor < 1) {
    throw new RangeError(`icnr: expected factor as an integer of at least 1, got ${factor}.`)
  }
  const copies = factor ** 2
  return (key, shape, layout) => {
    if (layout === undefined && shape.length !== 1) fansOf(shape, layout) // names what is missing
    const axis = layout === undefined ? 0 : outputAxis(layout, shape.length)
    const outputs = itemAt(shape, axis)
    if (outputs % copies !== 0) {
      throw new RangeError(
        `icnr: expected outputs that factor² = ${copies} divides, got ${outputs} (shape [${shape}]).`,
      )
    }
    const drawn = init(key, shape.with(axis, outputs / copies), layout)
    return repeated(drawn, axis, copies)
  }
}

/** Each slice along an axis so many times, one behind the other: PyTorch's repeat_interleave. */
function repeated(x: Tensor, axis: number, copies: number): Tensor {
  const split = [...x.shape.slice(0, axis + 1), 1, ...x.shape.slice(axis + 1)]
  const times = split.map((_, at) => (at === axis + 1 ? copies : 1))
  return reshape(tile(reshape(x, split), times), x.shape.with(axis, itemAt(x.shape, axis) * copies))
}
