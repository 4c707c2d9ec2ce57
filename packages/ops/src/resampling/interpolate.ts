import { type Tensor, type Tensor4D, tidy } from '@tensorflow/tfjs-core'
import { clone } from '../array/cast.ts'
import { described, expectOptions, type OptionNames } from '../checks/expect.ts'
import { ShapeError } from '../checks/shape-error.ts'
import { expectTensor, type Pair, pair, type Size } from '../convolution/geometry.ts'
import { type InterpolationMode, interpolationTable } from './interpolation-table.ts'
import { resampleAxis } from './resample-axis.ts'

export type { InterpolationMode } from './interpolation-table.ts'

export interface InterpolateOptions {
  /** The output's height and width. Either this or `scaleFactor`. */
  size?: Size
  /** The output's size over the input's, rounded down: any positive number, or one for height and one for width. */
  scaleFactor?: Size
  /** Default: 'nearest'. PyTorch's 'nearest-exact' is 'nearestExact'. */
  mode?: InterpolationMode
  /** Let the centers of the corner pixels coincide, not their edges; 'bilinear' and 'bicubic'. */
  alignCorners?: boolean
  /** When making smaller, average over all pixels that an output covers; 'bilinear' and 'bicubic'. */
  antialias?: boolean
  /** Take the coordinates from the rounded size that `scaleFactor` gives, not from the factor itself. */
  recomputeScaleFactor?: boolean
}

const interpolateOptions: OptionNames<InterpolateOptions> = {
  size: true,
  scaleFactor: true,
  mode: true,
  alignCorners: true,
  antialias: true,
  recomputeScaleFactor: true,
}

const modes: readonly InterpolationMode[] = ['nearest', 'nearestExact', 'area', 'bilinear', 'bicubic']

/**
 * Resizes images: `y[n, i, j, c] = Σ_u Σ_v a[i, u] · b[j, v] · x[n, u, v, c]`, with PyTorch's indices and weights.
 *
 * 'nearest' and 'nearestExact' copy pixels, 'area' averages those that an output covers, 'bilinear' and 'bicubic'
 * (a = −0.75, with `antialias` −0.5) weigh the 2 or 4 nearest along each axis. The gradient is always the adjoint;
 * PyTorch's 'bicubic' has another one where a factor other than 1 leaves both sizes as they are.
 *
 * @param x `[batch, height, width, channels]`, float32
 * @returns `[batch, outHeight, outWidth, channels]`
 * @throws ShapeError unless exactly one of `size` and `scaleFactor` is given, the output has a pixel, and the mode knows
 * the options
 * @see torch.nn.functional.interpolate
 * @example interpolate(x, { scaleFactor: 2, mode: 'bilinear' })
 */
export function interpolate(x: Tensor, options: InterpolateOptions): Tensor4D {
  expectOptions('interpolate', options, interpolateOptions, '{ size: [32, 32] }')
  const { mode = 'nearest', alignCorners = false, antialias = false } = options
  expectTensor('interpolate', 'x', x, 4, '[batch, height, width, channels]')
  const inputSize: Pair = [x.shape[1], x.shape[2]]
  if (inputSize.includes(0) || x.shape[3] === 0) {
    throw new ShapeError(`interpolate: expected images with pixels and channels, got shape [${x.shape}].`)
  }
  expectMode(mode, { alignCorners, antialias })
  const { outputSize, scaleFactor } = sizes(inputSize, options)
  const resize = (image: Tensor4D, axis: 0 | 1): Tensor4D => {
    const factor = scaleFactor?.[axis]
    const table = interpolationTable(inputSize[axis], outputSize[axis], {
      mode,
      scaleFactor: factor,
      alignCorners,
      antialias,
    })
    return resampleAxis(image, table, axis + 1)
  }
  // First the axis that shrinks more, or grows less: the other one then has less to do.
  const widthFirst = outputSize[1] * inputSize[0] <= outputSize[0] * inputSize[1]
  return tidy(() => {
    const y = widthFirst ? resize(resize(x, 1), 0) : resize(resize(x, 0), 1)
    return y === x ? clone(x) : y
  })
}

function expectMode(mode: InterpolationMode, options: { alignCorners: boolean; antialias: boolean }): void {
  if (!modes.includes(mode)) {
    throw new ShapeError(`interpolate: expected a mode of ${modes.join(', ')}, got '${mode}'.`)
  }
  for (const [option, given] of Object.entries(options)) {
    if (given && mode !== 'bilinear' && mode !== 'bicubic') {
      throw new ShapeError(
        `interpolate: mode '${mode}' has no ${option}. Leave it out, or use mode 'bilinear' or 'bicubic'.`,
      )
    }
  }
}

/** The output's size, and the factors of the coordinates where they are not those of the sizes. */
function sizes(
  inputSize: Pair,
  { size, scaleFactor, mode, recomputeScaleFactor = false }: InterpolateOptions,
): { outputSize: Pair; scaleFactor: Pair | undefined } {
  if ((size === undefined) === (scaleFactor === undefined)) {
    throw new ShapeError(
      `interpolate: expected either size or scaleFactor, got ${size === undefined ? 'neither' : 'both'}.`,
    )
  }
  if (size !== undefined) {
    if (recomputeScaleFactor) {
      throw new ShapeError('interpolate: recomputeScaleFactor needs a scaleFactor, got size. Leave it out.')
    }
    return { outputSize: pair('interpolate', 'size', size, 1), scaleFactor: undefined }
  }
  const factors = (typeof scaleFactor === 'number' ? [scaleFactor, scaleFactor] : scaleFactor) as Pair // given: see above
  if (
    !Array.isArray(factors) ||
    factors.length !== 2 ||
    factors.some((factor) => !(factor > 0 && factor < Number.POSITIVE_INFINITY))
  ) {
    throw new ShapeError(
      `interpolate: expected scaleFactor to be a positive number or a pair of them, got ${described(scaleFactor)}.`,
    )
  }
  const outputSize: Pair = [Math.floor(inputSize[0] * factors[0]), Math.floor(inputSize[1] * factors[1])]
  if (outputSize.includes(0)) {
    throw new ShapeError(
      `interpolate: scaleFactor [${factors}] leaves [${outputSize}] of [${inputSize}] pixels. Use a larger one, or size.`,
    )
  }
  // The area that an output covers follows from the sizes alone.
  return { outputSize, scaleFactor: recomputeScaleFactor || mode === 'area' ? undefined : factors }
}
