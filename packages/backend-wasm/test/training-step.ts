import {
  adamUpdate,
  batchNorm,
  conv2d,
  convTranspose2d,
  maxPool2d,
  ones,
  random,
  type Tensor,
  tidy,
  toHost,
  valueAndGrads,
} from '@ddnet/ops'
import { floats, itemAt, tuple } from '@ddnet/testing'

/**
 * The results, gradients and updates of one step. Odd sizes, so that shares differ; larger than what is done on one
 * thread alone.
 */
export async function trainingStep(): Promise<Float32Array[]> {
  const draw = (seed: number, shape: number[]): Tensor => random.normal(random.key(seed), shape)
  const inputs = tidy(() => [
    draw(1, [5, 14, 18, 3]),
    draw(2, [3, 3, 3, 37]),
    draw(3, [37]),
    draw(4, [37]),
    draw(5, [3, 3, 20, 37]),
    draw(6, [3, 3, 1, 37]),
    random.uniform(random.key(7), [3, 3, 20, 37]),
  ])
  const differentiable = inputs.slice(0, 6)
  const seed = ones([5, 14, 18, 20])
  const { value, grads } = valueAndGrads(
    () => {
      const [x, filter, weight, bias] = tuple(inputs, 4)
      const [deconvolution, depthwise] = tuple(inputs.slice(4), 2)
      const norm = { weight, bias, runningMean: weight, runningVar: bias, training: true, activation: 'relu' } as const
      const features = batchNorm(conv2d(x, filter, { padding: 1 }), norm).y
      const pooled = maxPool2d(features, { kernelSize: 2 })
      const smoothed = conv2d(pooled, depthwise, { padding: 1, groups: 37 })
      return convTranspose2d(smoothed, deconvolution, { stride: 2, padding: 1, outputPadding: 1 })
    },
    differentiable,
    seed,
  )
  const [parameter, gradient] = [inputs[4], grads[4]] as [Tensor, Tensor]
  const attributes = {
    learningRate: 0.1,
    beta1: 0.9,
    beta2: 0.99,
    eps: 1e-8,
    weightDecay: 0,
    decoupled: false,
    step: 1,
  }
  const updated = adamUpdate({ parameter, gradient, m: gradient, v: itemAt(inputs, 6) }, attributes)
  const results = await Promise.all([value, ...grads, ...updated].map(toHost))
  for (const used of [...inputs, seed, value, ...grads, ...updated]) used.dispose()
  return results.map(floats)
}
