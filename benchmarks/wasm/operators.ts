import {
  adamUpdate,
  batchNorm,
  conv2d,
  convTranspose2d,
  maxPool2d,
  random,
  type Tensor,
  type Tensor1D,
  type Tensor4D,
  tidy,
  valueAndGrads,
  zeros,
} from '../../packages/ops/src/index.ts'

/** One operator at a shape of DDNet: its forward pass, and forward with all gradients. */
export interface Case {
  readonly name: string
  readonly forward: () => Tensor | Tensor[]
  readonly gradients?: () => unknown
}

const draw = (seed: number, ...shape: number[]): Tensor => random.normal(random.key(seed), shape)

function differentiable(name: string, inputs: Tensor[], run: () => Tensor): Case {
  return { name, forward: run, gradients: () => valueAndGrads(run, inputs).grads }
}

/** The operators of DDNet's step, at batch `batch`. */
export function operators(batch: number): Case[] {
  const convolution = (size: number, inChannels: number, outChannels: number): Case => {
    const x = draw(1, batch, size, size, inChannels) as Tensor4D
    const filter = draw(2, 3, 3, inChannels, outChannels) as Tensor4D
    const name = `conv2d ${size}×${size}, ${inChannels} → ${outChannels}`
    return differentiable(name, [x, filter], () => conv2d(x, filter, { padding: 1 }))
  }
  const deconvolution = (size: number, inChannels: number, outChannels: number): Case => {
    const x = draw(3, batch, size, size, inChannels) as Tensor4D
    const filter = draw(4, 3, 3, outChannels, inChannels) as Tensor4D
    const name = `convTranspose2d ${size}×${size}, ${inChannels} → ${outChannels}, stride 2`
    const options = { stride: 2, padding: 1, outputPadding: 1 }
    return differentiable(name, [x, filter], () => convTranspose2d(x, filter, options))
  }
  const image = draw(5, batch, 32, 32, 32) as Tensor4D
  const [weight, bias] = [draw(6, 32) as Tensor1D, draw(7, 32) as Tensor1D]
  const norm = { weight, bias, runningMean: weight, runningVar: bias, training: true, activation: 'relu' } as const
  const parameter = draw(8, 3, 3, 64, 128)
  const [m, v] = [zeros(parameter.shape), zeros(parameter.shape)]
  const adam = { learningRate: 1e-3, beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: 0, decoupled: false, step: 1 }
  return [
    convolution(32, 3, 32),
    convolution(16, 32, 64),
    convolution(8, 64, 128),
    deconvolution(4, 128, 64),
    deconvolution(8, 64, 32),
    deconvolution(16, 32, 32),
    differentiable('batchNorm + ReLU 32×32×32', [image, weight, bias], () => batchNorm(image, norm).y),
    differentiable('maxPool2d 2, 32×32×32', [image], () => maxPool2d(image, { kernelSize: 2 })),
    { name: 'adamUpdate 73,728', forward: () => adamUpdate({ parameter, gradient: parameter, m, v }, adam) },
  ]
}

/** Milliseconds of one run, everything that it made disposed. */
export function time(run: () => unknown): number {
  const start = performance.now()
  tidy(() => {
    run()
  })
  return performance.now() - start
}
