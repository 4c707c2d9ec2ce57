import {
  avgPool2d,
  batchNorm,
  conv2d,
  maxPool2d,
  ones,
  type Pair,
  type Tensor,
  type Tensor1D,
  type Tensor4D,
  tensor,
  tidy,
  valueAndGrads,
  zeros,
} from '@ddnet/ops'
import { itemAt } from '@ddnet/ops/checks'
import { columnNorm, convolution, poolings, type Shape4D, type Values, type Windows } from './host-arithmetic.ts'

/** An operator on one input: what TensorFlow computes of it, and what is right. */
export interface Comparison {
  /** The operator with its shapes and options, as an error names it. */
  readonly label: string
  readonly results: readonly { readonly name: string; readonly got: Values; readonly expected: Values }[]
  /** How much larger float32's errors come out than they go in: 1 where it is left out. */
  readonly conditioning?: number
}

export interface ConvolutionCase {
  readonly x: Shape4D
  readonly outChannels: number
  readonly kernelSize: Pair
  readonly stride?: Pair
  readonly padding?: Pair
  readonly dilation?: Pair
  readonly groups?: number
}

export interface PoolCase {
  readonly x: Shape4D
  readonly kernelSize: Pair
  readonly stride: Pair
  readonly padding: Pair
}

/** `count` numbers of −1 … 1 that differ from each other and depend on `seed` alone. */
export const numbers = (count: number, seed: number): Float32Array =>
  Float32Array.from({ length: count }, (_, at) => Math.sin(seed + 7 * at + at * at * 1e-3))

const sizeOf = (shape: readonly number[]): number => shape.reduce((size, each) => size * each, 1)

function windowsOf([, height, width]: Shape4D, each: Omit<Windows, 'outputSize'>): Windows {
  const { kernelSize, stride, padding, dilation } = each
  const along = (axis: 0 | 1, size: number) =>
    Math.floor((size + 2 * padding[axis] - dilation[axis] * (kernelSize[axis] - 1) - 1) / stride[axis]) + 1
  return { ...each, outputSize: [along(0, height), along(1, width)] }
}

/** The values of the tensors that `run` makes. */
function read(run: () => Tensor[]): Float32Array[] {
  const tensors = tidy(run)
  const values = tensors.map((each) => each.dataSync() as Float32Array) // all are of float32
  for (const each of tensors) each.dispose()
  return values
}

/** An operator's value and its gradients for `dy`. */
function withGradients(run: (xs: readonly Tensor[]) => Tensor, xs: readonly Tensor[], dy: Tensor): Tensor[] {
  const { value, grads } = valueAndGrads(() => run(xs), [...xs], dy)
  return [value, ...grads]
}

/** A convolution and its gradients in image and filter. */
export function compareConvolution(given: ConvolutionCase, seed = 1): Comparison {
  const { x: shape, outChannels, kernelSize } = given
  const { stride = [1, 1], padding = [0, 0], dilation = [1, 1], groups = 1 } = given
  const windows = windowsOf(shape, { kernelSize, stride, padding, dilation })
  const filterShape = [...kernelSize, shape[3] / groups, outChannels]
  const outShape = [shape[0], ...windows.outputSize, outChannels]
  const [x, filter, dy] = [shape, filterShape, outShape].map((each, index) => numbers(sizeOf(each), seed + index)) as [
    Float32Array,
    Float32Array,
    Float32Array,
  ]
  const [y, dx, dfilter] = read(() =>
    withGradients(
      ([image, taps]) => conv2d(image as Tensor4D, taps as Tensor4D, { stride, padding, dilation, groups }),
      [tensor(x, [...shape]), tensor(filter, filterShape)],
      tensor(dy, outShape),
    ),
  ) as [Float32Array, Float32Array, Float32Array]
  const expected = convolution(shape, outChannels, groups, windows, { x, filter, dy })
  return {
    label: `conv2d of [${shape.join(', ')}] by [${filterShape.join(', ')}], stride [${stride}], padding [${padding}], dilation [${dilation}], groups ${groups}`,
    results: [
      { name: 'its value', got: y, expected: expected.y },
      { name: 'its gradient in x', got: dx, expected: expected.dx },
      { name: 'its gradient in the filter', got: dfilter, expected: expected.dfilter },
    ],
  }
}

/** Max and average pooling and their gradients. */
export function comparePoolings({ x: shape, kernelSize, stride, padding }: PoolCase, seed = 1): Comparison {
  const windows = windowsOf(shape, { kernelSize, stride, padding, dilation: [1, 1] })
  const outShape = [shape[0], ...windows.outputSize, shape[3]]
  const [x, dy] = [numbers(sizeOf(shape), seed), numbers(sizeOf(outShape), seed + 1)]
  const options = { kernelSize, stride, padding }
  const [max, dmax, average, daverage] = read(() => {
    const inputs = [tensor(x, [...shape])]
    const seeds = tensor(dy, outShape)
    return [
      ...withGradients(([image]) => maxPool2d(image as Tensor4D, options), inputs, seeds),
      ...withGradients(
        ([image]) => avgPool2d(image as Tensor4D, { ...options, countIncludePad: false }),
        inputs,
        seeds,
      ),
    ]
  }) as [Float32Array, Float32Array, Float32Array, Float32Array]
  const expected = poolings(shape, windows, { x, dy })
  return {
    label: `pooling of [${shape.join(', ')}] by windows of [${kernelSize}], stride [${stride}], padding [${padding}]`,
    results: [
      { name: 'maxPool2d', got: max, expected: expected.max },
      { name: 'the gradient of maxPool2d', got: dmax, expected: expected.dmax },
      { name: 'avgPool2d', got: average, expected: expected.average },
      { name: 'the gradient of avgPool2d', got: daverage, expected: expected.daverage },
    ],
  }
}

/** Batch norm in training, its next running statistics and its gradients; values of about `around`. */
export function compareBatchNorm(shape: readonly number[], around = 0, seed = 1): Comparison {
  const channels = shape.at(-1) as number
  const rows = sizeOf(shape) / channels
  const x = numbers(sizeOf(shape), seed).map((value) => value + around)
  const [weight, bias, dy] = [numbers(channels, seed + 1), numbers(channels, seed + 2), numbers(x.length, seed + 3)]
  const eps = 1e-5
  const [y, dx, dweight, dbias, mean, variance] = read(() => {
    const running = { runningMean: zeros([channels]), runningVar: ones([channels]) }
    const inputs = [tensor(x, [...shape]), tensor(weight), tensor(bias)]
    const options = { ...running, training: true, momentum: 1, eps }
    const run = ([image, scale, shift]: readonly Tensor[]) =>
      batchNorm(image as Tensor, { weight: scale as Tensor1D, bias: shift as Tensor1D, ...options })
    const { runningMean, runningVar } = run(inputs)
    return [...withGradients((xs) => run(xs).y, inputs, tensor(dy, [...shape])), runningMean, runningVar]
  }) as [Float32Array, Float32Array, Float32Array, Float32Array, Float32Array, Float32Array]
  const expected = columnNorm(channels, eps, { x, weight, bias, dy })
  // A mean that is off by a unit in its last place is off by more of the standard deviations that everything is divided by.
  const spreads = Array.from(
    expected.variance,
    (each, at) => Math.abs(itemAt(expected.mean, at)) / Math.sqrt(each + eps),
  )
  return {
    conditioning: Math.max(1, ...spreads) ** 2,
    label: `batchNorm of [${shape.join(', ')}]${around === 0 ? '' : ` around ${around}`}`,
    results: [
      { name: 'its value', got: y, expected: expected.y },
      { name: 'its mean', got: mean, expected: expected.mean },
      { name: 'its variance', got: variance, expected: expected.variance.map((each) => (each * rows) / (rows - 1)) },
      { name: 'its gradient in x', got: dx, expected: expected.dx },
      { name: 'its gradient in the weight', got: dweight, expected: expected.dweight },
      { name: 'its gradient in the bias', got: dbias, expected: expected.dbias },
    ],
  }
}

/** What is wrong in a comparison, in words: the first value that is off by more than `tolerance` of the largest; undefined where all are right. */
export function faultIn({ label, results, conditioning = 1 }: Comparison, tolerance: number): string | undefined {
  for (const { name, got, expected } of results) {
    if (got.length !== expected.length)
      return `${label}: ${name} has ${got.length} values in place of ${expected.length}`
    const scale = Array.from(expected).reduce((most, each) => Math.max(most, Math.abs(each)), 1)
    for (let at = 0; at < expected.length; at++) {
      const [value, right] = [itemAt(got, at), itemAt(expected, at)]
      // Not within it is also NaN.
      if (!(Math.abs(value - right) <= tolerance * conditioning * scale)) {
        return `${label}: ${name} at ${at} is ${value} in place of ${right.toPrecision(7)}`
      }
    }
  }
  return undefined
}
