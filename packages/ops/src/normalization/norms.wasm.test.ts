import { describeBackends, tuple } from '@ddnet/testing'
import { type Tensor, tensor } from '@tensorflow/tfjs-core'
import { expect, test } from 'vitest'
import { valueAndGrads } from '../autodiff/differentiate.ts'
import { ones, reshape, zeros } from '../index.ts'
import { batchNorm } from './batch-norm.ts'
import { groupNorm } from './group-norm.ts'
import { layerNorm } from './layer-norm.ts'

// x has mean 0 and variance 1, and with it Σ dy = Σ dy · x = 0: so dx is dy, and nothing is rounded.
// Where x is −1 ReLU would cut, and alone there kernels ask whether there is one.
const last = 1 + 2 ** -23
const x = [1, -1, 1, -1]
const dy = [last, last, -last, -last]
/** Channels in fours and one more, as kernels compute them. */
const channels = 5
const spread = (values: number[]): Tensor =>
  tensor(
    values.flatMap((value) => Array(channels).fill(value)),
    [4, channels],
  )

type Gradients = { dx: number[]; db: number[] }

async function gradientsOf(run: (x: Tensor, bias: Tensor) => Tensor, inputs: Tensor[], dy: Tensor): Promise<Gradients> {
  const { grads } = valueAndGrads(() => run(...tuple(inputs, 2)), inputs, dy)
  const [dx, db] = await Promise.all(grads.map(async (each) => Array.from(await each.data())))
  return { dx: dx as number[], db: db as number[] }
}

describeBackends('gradients of norms keep every bit of dy', () => {
  test('in batch norm', async () => {
    const [runningMean, runningVar] = [zeros([channels]), ones([channels])]
    const run = (x: Tensor, bias: Tensor): Tensor =>
      batchNorm(x, { bias: bias, runningMean, runningVar, training: true, eps: 0 }).y
    const inputs = [spread(x), zeros([channels])]
    expect((await gradientsOf(run, inputs, spread(dy))).dx).toEqual(Array.from(await spread(dy).data()))
    expect((await gradientsOf(run, inputs, spread([0, last, 0, 0]))).db).toEqual(Array(channels).fill(last))
  })

  test('in group norm, of images in groups of one channel', async () => {
    const run = (x: Tensor, bias: Tensor): Tensor => groupNorm(x, { groups: channels, bias: bias, eps: 0 })
    const images = (values: number[]): Tensor => reshape(spread(values), [1, 4, channels])
    const inputs = [images(x), zeros([channels])]
    expect((await gradientsOf(run, inputs, images(dy))).dx).toEqual(Array.from(await images(dy).data()))
    expect((await gradientsOf(run, inputs, images([0, last, 0, 0]))).db).toEqual(Array(channels).fill(last))
  })

  test.each([4, 6])('in layer norm, of rows of %d', async (size) => {
    // Six: 1, −1, 1, −1, 1, −1 and a, a, −a, −a, 0, 0.
    const pad = (values: number[], rest: number[]): Tensor => tensor([...values, ...rest].slice(0, size), [1, size])
    const run = (x: Tensor, bias: Tensor): Tensor => layerNorm(x, { normalizedShape: size, bias, eps: 0 })
    const { dx, db } = await gradientsOf(run, [pad(x, [1, -1]), zeros([size])], pad(dy, [0, 0]))
    expect(dx).toEqual([...dy, 0, 0].slice(0, size))
    expect(db).toEqual([...dy, 0, 0].slice(0, size))
  })
}, ['wasm'])
