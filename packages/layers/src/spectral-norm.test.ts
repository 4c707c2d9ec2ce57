import { random, sum, tensor, tidy } from '@ddnet/ops'
import { describeBackends, floatsOf, itemAt } from '@ddnet/testing'
import { expect, test } from 'vitest'
import { BatchNorm } from './batch-norm.ts'
import { ConvTranspose2d } from './conv-transpose2d.ts'
import { Conv2d } from './conv2d.ts'
import { init } from './init.ts'
import { orthogonal } from './initializers.ts'
import { Linear } from './linear.ts'
import { openPass } from './pass.ts'
import { spectralNorm } from './spectral-norm.ts'
import { summary } from './summary.ts'
import { Updates } from './updates.ts'
import { valueAndGrad } from './value-and-grad.ts'

const key = random.key(5)

describeBackends('spectralNorm', () => {
  test('has PyTorch’s names, in the order in which they are drawn', () => {
    expect(Object.keys(Object.fromEntries(spectralNorm(new Conv2d(3, 4, { kernelSize: 2 })).parameters()))).toEqual([
      'bias',
      'parametrizations.weight.original',
    ])
    expect([...spectralNorm(new Linear(3, 4)).buffers().keys()]).toEqual([
      'parametrizations.weight.0._u',
      'parametrizations.weight.0._v',
    ])
  })

  test('divides by the largest singular value from the start', async () => {
    // diag(3, 1) times a rotation has the singular values 3 and 1.
    const [cos, sin] = [Math.cos(1), Math.sin(1)]
    const rotated = [3 * cos, -3 * sin, sin, cos]
    const layer = init(spectralNorm(new Linear(2, 2, { bias: false, weightInit: () => tensor(rotated, [2, 2]) })), key)
    const weight = await floatsOf(layer.weight.value)
    for (const [at, value] of rotated.entries()) expect(weight[at]).toBeCloseTo(value / 3, 5)
  })

  test('leaves an orthogonal weight as it is, whatever its layout', async () => {
    const weightInit = orthogonal()
    for (const layer of [
      spectralNorm(new Conv2d(2, 3, { kernelSize: [2, 3], weightInit })),
      spectralNorm(new ConvTranspose2d(12, 1, { kernelSize: 2, weightInit })),
    ]) {
      const drawn = init(layer, key).parameters().get('parametrizations.weight.original')
      const before = await floatsOf(drawn?.value)
      const after = await floatsOf(layer.weight.value)
      // Of a transposed convolution other rows are orthonormal than those that are measured; its norm is at most theirs together.
      const factor = itemAt(after, 0) / itemAt(before, 0)
      for (const [at, value] of before.entries()) expect(after[at]).toBeCloseTo(value * factor, 5)
      if (layer instanceof Conv2d) expect(factor).toBeCloseTo(1, 5)
    }
  })

  test('is improved by training passes alone, and several in a step', async () => {
    const layer = init(spectralNorm(new Linear(5, 5)), random.key(2))
    const x = random.normal(key, [3, 5])
    const u = async () => [...((await layer.buffers().get('parametrizations.weight.0._u')?.value.data()) ?? [])]
    const begin = await u()
    tidy(() => void layer.forward(x))
    expect(await u()).toEqual(begin)
    const { updates } = valueAndGrad(layer, () => ({ loss: sum(layer.forward(layer.forward(x))) }))
    expect(await u()).toEqual(begin)
    updates.commit()
    expect(await u()).not.toEqual(begin)
    const twice = await u()
    const other = new Updates()
    tidy(() => void openPass({ training: true, updates: other }, () => layer.forward(x)))
    other.discard()
    expect(await u()).toEqual(twice)
  })

  test('runs on shapes alone', () => {
    const { parameters, rows } = summary(spectralNorm(new Conv2d(3, 4, { kernelSize: 3 })), [2, 8, 8, 3])
    expect(parameters).toBe(3 * 3 * 3 * 4 + 4)
    expect(rows.at(-1)?.outputShape).toEqual([2, 6, 6, 4])
  })

  test('refuses what has no such weight', () => {
    expect(() => spectralNorm(new BatchNorm(3))).toThrow(
      'spectralNorm: expected a layer with a weight of several axes, such as a Conv2d or Linear, got BatchNorm.',
    )
    expect(() => spectralNorm(spectralNorm(new Linear(3, 2)))).toThrow('a layer that is not normalised yet, got Linear')
    expect(() => spectralNorm(new Linear(3, 2), { iterations: 0 })).toThrow('expected iterations of at least 1, got 0.')
  })
})
