import { memory, mul, random, sum, type Tensor, tensor, tidy, toHost } from '@ddnet/ops'
import { defined, useBackend } from '@ddnet/testing'
import { beforeAll, describe, expect, test, vi } from 'vitest'
import { BatchNorm } from './batch-norm.ts'
import { Dropout } from './dropout.ts'
import { init } from './init.ts'
import { Linear } from './linear.ts'
import { Module } from './module.ts'
import { currentPass, inference, openPass } from './pass.ts'
import { Updates } from './updates.ts'
import { valueAndGrad } from './value-and-grad.ts'

beforeAll(() => useBackend('cpu'))
const key = random.key(3)

class Net extends Module {
  readonly layer = new Linear(2, 1)
  readonly first = new Dropout()
  readonly inner = { second: new Dropout() }
  override forward(x: Tensor): Tensor {
    return this.layer.forward(x)
  }
}
const ones = () => tensor(new Float32Array(64).fill(1))
const maskOf = async (y: Tensor) => (await toHost(y)).data.join('')

describe('a pass gives each module a key of its own', () => {
  test('by its path and the number of the call, and the same one for the same key', async () => {
    const [net, outside, another] = [new Net(), new Dropout(), new Dropout()]
    const pass = (passKey = key) =>
      Promise.all(
        openPass({ training: true, root: net, key: passKey }, () =>
          [net.first, net.inner.second, net.first, outside, another, outside].map((drop) => drop.forward(ones())),
        ).map(maskOf),
      )
    const masks = await pass()
    expect(new Set(masks).size).toBe(masks.length)
    expect(await pass()).toEqual(masks)
    const others = await pass(key.fold(1))
    expect(new Set([...masks, ...others]).size).toBe(2 * masks.length)
  })

  test('which does not depend on what else runs', async () => {
    const net = new Net()
    const within = (run: () => Tensor) => maskOf(openPass({ training: true, root: net, key }, run))
    const alone = await within(() => net.inner.second.forward(ones()))
    const both = await within(() => {
      net.first.forward(ones())
      return net.inner.second.forward(ones())
    })
    expect(both).toBe(alone)
  })

  test('below the root: several models of one class differ, and a model alone has its own paths', async () => {
    const models = { a: new Net(), b: new Net() }
    const [a, b] = openPass({ training: true, root: models, key }, () =>
      [models.a, models.b].map(({ first }) => currentPass().keyOf(first)),
    )
    expect(a).toEqual(key.fold('module').fold('a.first').fold(0))
    expect(b).toEqual(key.fold('module').fold('b.first').fold(0))
    const alone = openPass({ training: true, root: models.a, key }, () => currentPass().keyOf(models.a.first))
    expect(alone).toEqual(key.fold('module').fold('first').fold(0))
  })

  test('if it has one itself', () => {
    const message = 'Dropout: this pass has no key to draw from'
    expect(() => openPass({ training: true }, () => new Dropout().forward(ones()))).toThrow(message)
    expect(() => currentPass().keyOf(new Dropout())).toThrow(message)
    expect(() => valueAndGrad(init(new Net(), key), () => ({ loss: sum(new Dropout().forward(ones())) }))).toThrow(
      message,
    )
  })
})

describe('passes', () => {
  test('nest, and the one around comes back, also after an error', () => {
    expect(currentPass().training).toBe(false)
    openPass({ training: true, key }, () => {
      expect(currentPass().training).toBe(true)
      inference(() => expect(currentPass().training).toBe(false))
      expect(() =>
        openPass({ training: false }, () => {
          throw new Error('no')
        }),
      ).toThrow('no')
      expect(currentPass().training).toBe(true)
    })
    expect(currentPass().training).toBe(false)
  })

  test('must not be async, since the work would go on outside', () => {
    expect(() => openPass({ training: true }, async () => {})).toThrow('must not be async')
    expect(currentPass().training).toBe(false)
  })

  test('drop at the rate that a layer has, scale what stays, and leave everything alone in inference', async () => {
    const drop = new Dropout(0.25)
    const x = tensor(new Float32Array(4000).fill(3))
    expect(drop.forward(x)).toBe(x)
    const { data } = await toHost(openPass({ training: true, key }, () => drop.forward(x)))
    const kept = Array.from(data as Float32Array).filter((value) => value !== 0)
    expect(new Set(kept)).toEqual(new Set([4]))
    expect(Math.abs(kept.length / 4000 - 0.75)).toBeLessThan(3.3 * Math.sqrt((0.25 * 0.75) / 4000))
    expect(() => new Dropout(1.5)).toThrow('Dropout: expected a rate in [0, 1], got 1.5.')
  })

  test('leave buffers alone unless they have updates, and inference inside of training does', async () => {
    const norm = init(new BatchNorm(1), key)
    const x = tensor([1, 5], [2, 1])
    const updates = new Updates()
    const before = memory().numTensors
    tidy(() => {
      openPass({ training: true }, () => void norm.forward(x))
      openPass({ training: true, updates }, () => void inference(() => norm.forward(x)))
    })
    updates.commit()
    expect(memory().numTensors).toBe(before)
    expect([...((await norm.running_mean?.value.data()) ?? []), norm.num_batches_tracked?.count]).toEqual([0, 0])
  })

  test('belong to whoever opens them: updates survive an error inside until they are discarded', () => {
    const norm = init(new BatchNorm(1), key)
    const x = tensor([1, 5], [2, 1])
    const before = memory().numTensors
    const updates = new Updates()
    const failing = () =>
      tidy(() =>
        openPass({ training: true, updates }, () => {
          norm.forward(x)
          throw new Error('no')
        }),
      )
    expect(failing).toThrow('no')
    expect(updates.countOf(defined(norm.num_batches_tracked))).toBe(1)
    updates.discard()
    expect(memory().numTensors).toBe(before)
  })

  test('go back to a mark: what is computed again has the same masks, and counts no batch twice', async () => {
    class Segment extends Module {
      readonly norm = new BatchNorm(2)
      readonly drop = new Dropout()
      override forward(x: Tensor): Tensor {
        return this.drop.forward(this.norm.forward(x))
      }
    }
    const model = init(new Segment(), key)
    const x = random.normal(key, [8, 2])
    const once = new Updates()
    openPass({ training: true, root: model, key, updates: once }, () => {
      model.forward(x)
      model.forward(x)
    })
    const updates = new Updates()
    const before = memory().numTensors
    const [first, again, second] = tidy(() =>
      openPass({ training: true, root: model, key, updates }, () => {
        const mark = currentPass().mark()
        const first = model.forward(x)
        const again = mark.replay(() => model.forward(x))
        return [first, again, model.forward(x)] as const
      }),
    )
    expect(memory().numTensors).toBe(before + 3 + 2) // results, and next values of two buffers
    expect(await maskOf(again)).toBe(await maskOf(first))
    expect(await maskOf(second)).not.toBe(await maskOf(first))
    for (const buffer of model.buffers().values()) {
      expect(await updates.valueOf(buffer).data()).toEqual(await once.valueOf(buffer).data())
    }
    expect(updates.countOf(defined(model.norm.num_batches_tracked))).toBe(2)
  })

  test('are one stack for two copies of this package, whose modules are each other’s', async () => {
    vi.resetModules()
    const copy = await import('./index.ts')
    expect(copy.Module).not.toBe(Module)
    class Mixed extends Module {
      readonly theirs = new copy.Sequential(new copy.Linear(2, 2), new copy.BatchNorm(2), new copy.Dropout())
      readonly ours = new Linear(2, 1)
      override forward(x: Tensor): Tensor {
        return this.ours.forward(this.theirs.forward(x))
      }
    }
    const model = init(new Mixed(), key)
    expect([...model.parameters().keys()]).toEqual([
      'theirs.0.weight',
      'theirs.0.bias',
      'theirs.1.weight',
      'theirs.1.bias',
      'ours.weight',
      'ours.bias',
    ])
    const x = random.normal(key, [4, 2])
    const { grads, updates } = valueAndGrad(model, () => ({ loss: sum(mul(model.forward(x), 2)) }), { key })
    expect(Object.keys(grads)).toEqual([...model.parameters().keys()])
    updates.commit()
    expect((model.theirs[1] as BatchNorm).num_batches_tracked?.count).toBe(1)
    expect(copy.openPass({ training: true }, () => currentPass().training)).toBe(true)
  })
})
