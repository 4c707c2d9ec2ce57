import {
  adamUpdate,
  batchNorm,
  conv2d,
  convTranspose2d,
  maxPool2d,
  mean,
  memory,
  mul,
  ones,
  random,
  square,
  sub,
  type Tensor,
  tidy,
  valueAndGrads,
  zeros,
  zerosLike,
} from '@ddnet/ops'
import { describeBackends, itemAt, tuple } from '@ddnet/testing'
import { expect, test } from 'vitest'

/** Trains a small autoencoder by Adam; returns its losses, and its parameters' bits at the end. */
function train(steps: number): { losses: number[]; bits: string } {
  const key = random.key(7)
  const normal = (shape: number[], at: number) => random.normal(key.fold(at), shape)
  const images = random.uniform(key.fold(0), [16, 16, 16, 3])
  let parameters: Tensor[] = [
    tidy(() => mul(0.2, normal([3, 3, 3, 32], 1))),
    ones([32]),
    zeros([32]),
    tidy(() => mul(0.1, normal([3, 3, 3, 32], 2))),
  ]
  let m = parameters.map((parameter) => zerosLike(parameter))
  let v = parameters.map((parameter) => zerosLike(parameter))
  const reconstruct = (): Tensor => {
    const [filter, weight, bias, deconv] = tuple(parameters, 4)
    const features = conv2d(images, filter, { padding: 1 })
    const running = { runningMean: zeros([32]), runningVar: ones([32]) }
    const { y } = batchNorm(features, { weight, bias, ...running, training: true, activation: 'relu' })
    const pooled = maxPool2d(y, { kernelSize: 2 })
    return convTranspose2d(pooled, deconv, { stride: 2, padding: 1, outputPadding: 1 })
  }
  const losses: number[] = []
  for (let step = 1; step <= steps; step++) {
    const attributes = {
      learningRate: 0.01,
      beta1: 0.9,
      beta2: 0.999,
      eps: 1e-8,
      weightDecay: 0,
      decoupled: false,
      step,
    }
    const { value, grads } = valueAndGrads(() => mean(square(sub(reconstruct(), images))), parameters)
    const updated = parameters.map((parameter, i) => {
      const [gradient, mean, variance] = [grads[i], m[i], v[i]] as [Tensor, Tensor, Tensor]
      return adamUpdate({ parameter, gradient, m: mean, v: variance }, attributes)
    })
    losses.push(itemAt(value.dataSync(), 0))
    for (const old of [value, ...grads, ...parameters, ...m, ...v]) old.dispose()
    parameters = updated.map(([parameter]) => parameter as Tensor)
    m = updated.map(([, m]) => m as Tensor)
    v = updated.map(([, , v]) => v as Tensor)
  }
  const bits = parameters.map((parameter) => Buffer.from(parameter.dataSync().buffer).toString('hex')).join(' ')
  for (const tensor of [images, ...parameters, ...m, ...v]) tensor.dispose()
  return { losses, bits }
}

describeBackends('training', () => {
  test('lowers the loss, gives the same bits again, and leaves nothing behind', () => {
    const before = memory().numTensors
    const first = train(12)
    expect(first.losses.at(-1)).toBeLessThan(0.7 * itemAt(first.losses, 0))
    for (let again = 0; again < 3; again++) expect(train(12)).toEqual(first)
    expect(memory().numTensors).toBe(before)
  })
}, ['tensorflow'])
