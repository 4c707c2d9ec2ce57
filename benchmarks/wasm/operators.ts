import {
  adamUpdate,
  adaptiveAvgPool2d,
  avgPool2d,
  batchNorm,
  conv2d,
  convTranspose2d,
  depthwiseConv2d,
  groupNorm,
  interpolate,
  layerNorm,
  linear,
  maximum,
  maxPool2d,
  maxPool2dWithIndices,
  maxUnpool2d,
  mean,
  ones,
  type Pair,
  pixelShuffle,
  random,
  relu,
  softmax,
  softmaxCrossEntropy,
  sum,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
  type Tensor4D,
  tensor,
  tidy,
  tile,
  valueAndGrads,
  zeros,
} from '../../packages/ops/src/index.ts'

/** One operator at a shape: its forward pass, and forward with the gradients of all inputs. */
export interface Case {
  readonly name: string
  readonly forward: () => unknown
  readonly gradients?: () => unknown
}

/** A row of the table: the shapes of the inputs, which are drawn at random, and what is done with them. */
type Row = readonly [name: string, shapes: readonly (readonly number[])[], run: (...inputs: never[]) => Tensor]

/** The operators at batch `batch`: those of DDNet's step at its shapes, then others. A new one is a new row. */
function table(batch: number): readonly Row[] {
  const images = (size: number, channels: number) => [batch, size, size, channels]
  const convolution = (size: number, from: number, to: number): Row => [
    `conv2d ${size}×${size}, ${from} → ${to}`,
    [images(size, from), [3, 3, from, to]],
    (x: Tensor4D, filter: Tensor4D) => conv2d(x, filter, { padding: 1 }),
  ]
  const deconvolution = (size: number, from: number, to: number): Row => [
    `convTranspose2d ${size}×${size}, ${from} → ${to}, stride 2`,
    [images(size, from), [3, 3, to, from]],
    (x: Tensor4D, filter: Tensor4D) => convTranspose2d(x, filter, { stride: 2, padding: 1, outputPadding: 1 }),
  ]
  const labels = tensor(
    Int32Array.from({ length: batch }, (_, index) => index % 10),
    [batch],
    'int32',
  )
  const [zero, one] = [zeros([32]), tensor(new Float32Array(32).fill(1))]
  const wide = images(32, 32)
  return [
    convolution(32, 3, 32),
    convolution(16, 32, 64),
    convolution(8, 64, 128),
    deconvolution(4, 128, 64),
    deconvolution(8, 64, 32),
    deconvolution(16, 32, 32),
    [
      'batchNorm + ReLU 32×32×32',
      [wide, [32], [32]],
      (x: Tensor4D, weight: Tensor1D, bias: Tensor1D) =>
        batchNorm(x, { weight, bias, runningMean: zero, runningVar: one, training: true, activation: 'relu' }).y,
    ],
    ['maxPool2d 2, 32×32×32', [wide], (x: Tensor4D) => maxPool2d(x, { kernelSize: 2 })],
    ['mean of 32×32, 32 channels', [wide], (x: Tensor4D) => mean(x, [1, 2])],
    [
      'linear 32 → 10',
      [[batch, 32], [10, 32], [10]],
      (x: Tensor2D, weight: Tensor2D, bias: Tensor1D) => linear(x, weight, bias),
    ],
    ['crossEntropy of 10 classes', [[batch, 10]], (logits: Tensor2D) => softmaxCrossEntropy(logits, labels)],

    ['conv2d 16×16, 64 → 64, 4 groups', [images(16, 64), [3, 3, 16, 64]], grouped],
    ['depthwiseConv2d 16×16, 64', [images(16, 64), [3, 3, 64, 1]], depthwise],
    ['maxPool2dWithIndices 2 and maxUnpool2d, 32×32×32', [wide], unpooled],
    ['avgPool2d 2, 32×32×32', [wide], (x: Tensor4D) => avgPool2d(x, { kernelSize: 2 })],
    ['adaptiveAvgPool2d 5, 32×32×32', [wide], (x: Tensor4D) => adaptiveAvgPool2d(x, 5)],
    ['interpolate 16×16 to 32×32, 32 channels, nearest', [images(16, 32)], resized('nearest')],
    ['interpolate 16×16 to 32×32, 32 channels, bilinear', [images(16, 32)], resized('bilinear')],
    ['interpolate 16×16 to 32×32, 32 channels, bicubic', [images(16, 32)], resized('bicubic')],
    ['pixelShuffle 2 of 16×16×64', [images(16, 64)], (x: Tensor4D) => pixelShuffle(x, 2)],
    ['groupNorm 4, 32×32×32', [wide], (x: Tensor4D) => groupNorm(x, { groups: 4 })],
    ['layerNorm 1024 × 256', [[1024, 256]], (x: Tensor2D) => layerNorm(x, { normalizedShape: 256 })],
    ['softmax 1024 × 256', [[1024, 256]], (x: Tensor2D) => softmax(x)],
    ['relu 32×32×32', [wide], (x: Tensor4D) => relu(x)],
    ['maximum 32×32×32', [wide, wide], (a: Tensor4D, b: Tensor4D) => maximum(a, b)],
    ['sum of all, 32×32×32', [wide], (x: Tensor4D) => sum(x)],
    ['tile 8×8×32 by 1, 2, 2, 1', [images(8, 32)], (x: Tensor4D) => tile(x, [1, 2, 2, 1])],
  ]
}

const upTo: Pair = [32, 32]
const grouped = (x: Tensor4D, filter: Tensor4D) => conv2d(x, filter, { padding: 1, groups: 4 })
const depthwise = (x: Tensor4D, filter: Tensor4D) => depthwiseConv2d(x, filter, { padding: 1 })
function unpooled(x: Tensor4D): Tensor4D {
  const { values, indices } = maxPool2dWithIndices(x, { kernelSize: 2 })
  return maxUnpool2d(values, indices, { outputSize: upTo })
}
const resized = (mode: 'nearest' | 'bilinear' | 'bicubic') => (x: Tensor4D) => interpolate(x, { size: upTo, mode })

export function operators(batch: number): Case[] {
  const cases = table(batch).map(([name, shapes, run]): Case => {
    const inputs = shapes.map((shape, index) => random.normal(random.key(index), [...shape]))
    const forward = () => run(...(inputs as never[])) // of the row's shapes
    const y = forward()
    const seed = ones(y.shape)
    y.dispose()
    return { name, forward, gradients: () => valueAndGrads(forward, inputs, seed).grads }
  })
  const [parameter, m, v] = [3, 4, 5].map((seed) => random.uniform(random.key(seed), [3, 3, 64, 128]))
  const state = { parameter, gradient: parameter, m, v } as Record<'parameter' | 'gradient' | 'm' | 'v', Tensor>
  const adam = { learningRate: 1e-3, beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: 0, decoupled: false, step: 1 }
  return [...cases, { name: 'adamUpdate 73,728', forward: () => adamUpdate(state, adam) }]
}

/** Milliseconds of one run, everything that it made disposed. */
export function time(run: () => unknown): number {
  const start = performance.now()
  tidy(() => {
    run()
  })
  return performance.now() - start
}
