import { add, memory, mul, random, square, sum, type Tensor, tensor } from '@ddnet/ops'
import { entryOf, itemAt, useBackend } from '@ddnet/testing'
import { beforeAll, describe, expect, test } from 'vitest'
import { BatchNorm } from './batch-norm.ts'
import { init } from './init.ts'
import { Linear } from './linear.ts'
import { Module } from './module.ts'
import { observe } from './observe.ts'
import { pipe } from './pipe.ts'
import { summary } from './summary.ts'
import { valueAndGrad } from './value-and-grad.ts'

beforeAll(() => useBackend('cpu'))
const key = random.key(5)

/** Tied weights, and a norm under two names. */
class Tied extends Module {
  readonly encoder = new Linear(3, 3, { bias: false })
  readonly decoder = new Linear(3, 3)
  readonly norm = new BatchNorm(3)
  readonly again = { norm: this.norm }

  constructor() {
    super()
    Object.assign(this.decoder, { weight: this.encoder.weight })
  }

  override forward(x: Tensor): Tensor {
    return pipe(x, this.encoder, this.norm, this.again.norm, this.decoder)
  }
}

describe('what is shared', () => {
  test('counts once, by its first name', () => {
    const model = init(new Tied(), key)
    expect([...model.parameters().keys()]).toEqual(['encoder.weight', 'decoder.bias', 'norm.weight', 'norm.bias'])
    expect([...model.buffers().keys()]).toEqual(['norm.running_mean', 'norm.running_var'])
    const { rows, parameters } = summary(model, [2, 3])
    expect(parameters).toBe(9 + 3 + 3 + 3)
    expect(rows.map(({ name, parameters }) => [name, parameters])).toEqual([
      ['encoder', 9],
      ['norm', 6],
      ['norm', 0],
      ['decoder', 3],
    ])
  })

  test('has the gradient of all its uses', async () => {
    const model = init(new Tied(), key)
    const x = tensor([[1, 2, 3]])
    const { grads } = valueAndGrad(model, () => ({
      loss: add(sum(model.encoder.forward(x)), sum(mul(3, model.decoder.forward(x)))),
    }))
    expect([...(await entryOf(grads, 'encoder.weight').data())]).toEqual([4, 8, 12, 4, 8, 12, 4, 8, 12])
  })

  test('is in a file under each of its names, as torch.nn.Module.state_dict has it, and comes back from one of them', async () => {
    const model = init(new Tied(), key)
    const dict = await model.stateDict()
    expect(Object.keys(dict)).toEqual([
      'encoder.weight',
      'decoder.weight',
      'decoder.bias',
      'norm.weight',
      'norm.bias',
      'norm.running_mean',
      'norm.running_var',
      'norm.num_batches_tracked',
      'again.norm.weight',
      'again.norm.bias',
      'again.norm.running_mean',
      'again.norm.running_var',
      'again.norm.num_batches_tracked',
    ])
    expect(dict['decoder.weight']).toEqual(dict['encoder.weight'])
    const names = Object.keys(dict)
    for (const left of [[], names.filter((name) => name.startsWith('again')), ['encoder.weight']]) {
      const other = new Tied()
      other.loadStateDict(Object.fromEntries(Object.entries(dict).filter(([name]) => !left.includes(name))))
      expect(other.decoder.weight).toBe(other.encoder.weight)
      expect(await other.stateDict()).toEqual(dict)
    }
    const neither = Object.fromEntries(Object.entries(dict).filter(([name]) => !name.endsWith('coder.weight')))
    expect(() => model.loadStateDict(neither)).toThrow('missing encoder.weight')
    const torn = { ...dict, 'decoder.weight': { ...dict['decoder.bias'], shape: [3, 3], data: new Float32Array(9) } }
    expect(() => model.loadStateDict(torn as never)).toThrow(
      'decoder.weight has other values than encoder.weight, and is the same parameter here',
    )
  })

  test('is freed once, and counts a batch as often as it ran', () => {
    const before = memory().numTensors
    const model = init(new Tied(), key)
    const { loss, grads, updates } = valueAndGrad(model, () => ({
      loss: sum(
        square(
          model.forward(
            tensor([
              [1, 2, 3],
              [3, 2, 0],
            ]),
          ),
        ),
      ),
    }))
    updates.commit()
    expect(model.norm.num_batches_tracked?.count).toBe(2)
    for (const each of [loss, ...Object.values(grads)]) each.dispose()
    model.dispose()
    expect(memory().numTensors - before).toBeLessThanOrEqual(1) // the input
  })
})

describe('predict', () => {
  test('frees what lies between, outside of tidy', () => {
    const model = init(new Tied(), key)
    const x = tensor([[1, 2, 3]])
    const before = memory().numTensors
    const y = model.predict(x)
    expect(memory().numTensors).toBe(before + 1)
    y.dispose()
    expect(x.isDisposed).toBe(false)
  })

  test('keeps all tensors of a result in records and arrays', async () => {
    class Heads extends Module {
      readonly layer = new Linear(3, 2)
      override forward(x: Tensor): { a: Tensor; more: [Tensor] } {
        const y = this.layer.forward(square(x))
        return { a: y, more: [mul(y, 2)] }
      }
    }
    const model = init(new Heads(), key)
    const x = tensor([[1, 2, 3]])
    const before = memory().numTensors
    const { a, more } = model.predict(x)
    expect(memory().numTensors).toBe(before + 2)
    expect((await more[0].data())[0]).toBe(2 * itemAt(await a.data(), 0))
  })

  test('of a module that does nothing gives a tensor of its own', () => {
    class Same extends Module {
      override forward(x: Tensor): Tensor {
        return x
      }
    }
    const x = tensor([1])
    new Same().predict(x).dispose()
    expect(x.isDisposed).toBe(false)
  })

  test('leaves nothing behind when it fails', () => {
    class Failing extends Module {
      override forward(x: Tensor): Tensor {
        square(x)
        throw new Error('no')
      }
    }
    const x = tensor([1])
    const before = memory().numTensors
    expect(() => new Failing().predict(x)).toThrow('no')
    expect(memory().numTensors).toBe(before)
  })
})

describe('a forward that is the module’s own property', () => {
  class Custom extends Module {
    readonly layer = new Linear(3, 3)
    override forward(x: Tensor): Tensor {
      return this.layer.forward(x)
    }
  }
  const own = () => {
    const model = init(new Custom(), key)
    model.layer.forward = (x) => mul(x, 2)
    return {
      model,
      descriptor: Object.getOwnPropertyDescriptor(model.layer, 'forward'),
      keys: Object.keys(model.layer),
    }
  }

  test('stays when a summary was made, also of one that fails', () => {
    const { model, descriptor, keys } = own()
    summary(model, [1, 3])
    expect(Object.getOwnPropertyDescriptor(model.layer, 'forward')).toEqual(descriptor)
    model.layer.forward = () => {
      throw new Error('no')
    }
    const failing = Object.getOwnPropertyDescriptor(model.layer, 'forward')
    expect(() => summary(model, [1, 3])).toThrow('no')
    expect(Object.getOwnPropertyDescriptor(model.layer, 'forward')).toEqual(failing)
    expect(Object.keys(model.layer)).toEqual(keys)
  })

  test('is watched by observers inside one another, each of which goes without a trace', () => {
    for (const model of [own().model, init(new Custom(), key)]) {
      const before = Object.getOwnPropertyDescriptor(model.layer, 'forward')
      const seen: string[] = []
      const watched = (name: string, run: () => Tensor) => () =>
        observe(model, run, ({ path }) => void (path === 'layer' && seen.push(name)))
      watched(
        'outer',
        watched('inner', () => model.forward(tensor([[1, 2, 3]]))),
      )()
      expect(seen).toEqual(['outer', 'inner']) // the one that began later sees what the earlier one makes of it
      expect(Object.getOwnPropertyDescriptor(model.layer, 'forward')).toEqual(before)
    }
  })
})
