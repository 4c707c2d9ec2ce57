import { dropout, random, type Scalar, sum, type Tensor, tensor, toHost } from '@ddnet/ops'
import { useBackend } from '@ddnet/testing'
import { beforeAll, expect, test } from 'vitest'
import { type Context, inference, trainingContext, Updates } from './context.ts'
import { Linear } from './linear.ts'
import { Module } from './module.ts'
import { valueAndGrad } from './value-and-grad.ts'

beforeAll(() => useBackend('cpu'))
const key = random.key(3)

/** Dropout as a module of a user's is written. */
class Drop extends Module {
  override forward(x: Tensor, context: Context = inference): Tensor {
    const own = context.keyOf?.(this)
    return own === undefined ? x : dropout(x, { rate: 0.5, key: own, training: context.training })
  }
}
class Net extends Module {
  readonly layer = new Linear(2, 1, { key })
  readonly first = new Drop()
  readonly inner = { second: new Drop() }
  override forward(x: Tensor): Tensor {
    return this.layer.forward(x)
  }
}
const ones = () => tensor(new Float32Array(64).fill(1))
const maskOf = async (y: Tensor) => (await toHost(y)).data.join('')

test('each module draws its own numbers in each pass, at each call, and the same ones for the same key', async () => {
  const [net, outside, another] = [new Net(), new Drop(), new Drop()]
  const pass = async (passKey = key) => {
    const context = trainingContext(net, { key: passKey, updates: new Updates() })
    const drops = [net.first, net.inner.second, net.first, outside, another, outside]
    return Promise.all(drops.map((drop) => maskOf(drop.forward(ones(), context))))
  }
  const masks = await pass()
  expect(new Set(masks).size).toBe(masks.length)
  expect(await pass()).toEqual(masks)
  const others = await pass(key.fold(1))
  expect(new Set([...masks, ...others]).size).toBe(2 * masks.length)
})

test('the numbers of a module do not depend on what else runs', async () => {
  const net = new Net()
  const context = () => trainingContext(net, { key, updates: new Updates() })
  const alone = await maskOf(net.inner.second.forward(ones(), context()))
  const both = context()
  net.first.forward(ones(), both)
  expect(await maskOf(net.inner.second.forward(ones(), both))).toBe(alone)
})

test('valueAndGrad gives its pass such keys, and none without a key', () => {
  const net = new Net()
  const seen: unknown[] = []
  const run = (options?: { key: random.Key }) =>
    valueAndGrad(
      net,
      (context) => {
        seen.push(context.keyOf?.(net.first))
        return { loss: sum(net.forward(tensor([[1, 2]]))) as Scalar }
      },
      options,
    )
  run({ key })
  run()
  expect(seen).toEqual([key.fold('module').fold('first').fold(0), undefined])
})
