import { add, memory, mul, random, type Scalar, square, sum, type Tensor, tensor, zeros } from '@ddnet/ops'
import { useBackend } from '@ddnet/testing'
import { beforeAll, describe, expect, test } from 'vitest'
import { BatchNorm } from './batch-norm.ts'
import { inference } from './context.ts'
import { Linear } from './linear.ts'
import { Module } from './module.ts'
import { shadowForward } from './shadow-forward.ts'
import { valueAndGrad } from './value-and-grad.ts'

beforeAll(() => useBackend('cpu'))
const key = random.key(5)

/** Tied weights, and a norm under two names. */
class Tied extends Module {
  readonly encoder = new Linear(3, 3, { key, bias: false })
  readonly decoder = new Linear(3, 3, { key: key.fold(1) })
  readonly norm = new BatchNorm(3)
  readonly again = { norm: this.norm }

  constructor() {
    super()
    this.decoder.weight.dispose()
    Object.assign(this.decoder, { weight: this.encoder.weight })
  }

  override forward(x: Tensor, context = inference): Tensor {
    return this.decoder.forward(this.again.norm.forward(this.norm.forward(this.encoder.forward(x), context), context))
  }
}

describe('what is shared', () => {
  test('counts once, by its first name', () => {
    const model = new Tied()
    expect([...model.parameters().keys()]).toEqual(['encoder.weight', 'decoder.bias', 'norm.weight', 'norm.bias'])
    expect([...model.buffers().keys()]).toEqual(['norm.running_mean', 'norm.running_var'])
    const { rows, parameters } = model.summary([2, 3])
    expect(parameters).toBe(9 + 3 + 3 + 3)
    expect(rows.map(({ name, parameters }) => [name, parameters])).toEqual([
      ['encoder', 9],
      ['norm', 6],
      ['norm', 0],
      ['decoder', 3],
    ])
  })

  test('has the gradient of all its uses', async () => {
    const model = new Tied()
    const x = tensor([[1, 2, 3]])
    const { grads } = valueAndGrad(model, () => ({
      loss: add(sum(model.encoder.forward(x)), sum(mul(3, model.decoder.forward(x)))) as Scalar,
    }))
    expect([...(await (grads['encoder.weight'] as Tensor).data())]).toEqual([4, 8, 12, 4, 8, 12, 4, 8, 12])
  })

  test('is in a file under each of its names, as torch.nn.Module.state_dict has it, and comes back from one of them', async () => {
    const model = new Tied()
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
      other.encoder.weight.assign(zeros([3, 3]))
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
    const model = new Tied()
    const { loss, grads, updates } = valueAndGrad(model, (context) => ({
      loss: sum(
        square(
          model.forward(
            tensor([
              [1, 2, 3],
              [3, 2, 0],
            ]),
            context,
          ),
        ),
      ) as Scalar,
    }))
    updates.commit()
    expect(model.norm.num_batches_tracked.count).toBe(2)
    for (const each of [loss, ...Object.values(grads)]) each.dispose()
    model.dispose()
    expect(memory().numTensors - before).toBeLessThanOrEqual(1) // the input
  })
})

describe('predict', () => {
  test('frees what lies between, outside of tidy', () => {
    const model = new Tied()
    const x = tensor([[1, 2, 3]])
    const before = memory().numTensors
    const y = model.predict(x)
    expect(memory().numTensors).toBe(before + 1)
    y.dispose()
    expect(x.isDisposed).toBe(false)
  })

  test('keeps all tensors of a result in records and arrays', async () => {
    class Heads extends Module {
      readonly layer = new Linear(3, 2, { key })
      override forward(x: Tensor): never {
        const y = this.layer.forward(square(x))
        return { a: y, more: [mul(y, 2)] } as never
      }
    }
    const model = new Heads()
    const x = tensor([[1, 2, 3]])
    const before = memory().numTensors
    const { a, more } = model.predict(x) as unknown as { a: Tensor; more: [Tensor] }
    expect(memory().numTensors).toBe(before + 2)
    expect((await more[0].data())[0]).toBe(2 * ((await a.data())[0] as number))
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
    readonly layer = new Linear(3, 3, { key })
    override forward(x: Tensor): Tensor {
      return this.layer.forward(x)
    }
  }
  const own = () => {
    const model = new Custom()
    model.layer.forward = (x) => mul(x, 2)
    return {
      model,
      descriptor: Object.getOwnPropertyDescriptor(model.layer, 'forward'),
      keys: Object.keys(model.layer),
    }
  }

  test('stays when a summary was made, also of one that fails', () => {
    const { model, descriptor, keys } = own()
    model.summary([1, 3])
    expect(Object.getOwnPropertyDescriptor(model.layer, 'forward')).toEqual(descriptor)
    model.layer.forward = () => {
      throw new Error('no')
    }
    const failing = Object.getOwnPropertyDescriptor(model.layer, 'forward')
    expect(() => model.summary([1, 3])).toThrow('no')
    expect(Object.getOwnPropertyDescriptor(model.layer, 'forward')).toEqual(failing)
    expect(Object.keys(model.layer)).toEqual(keys)
  })

  test('is watched by observers inside one another, each of which goes without a trace', () => {
    for (const model of [own().model, new Custom()]) {
      const before = Object.getOwnPropertyDescriptor(model.layer, 'forward')
      const seen: string[] = []
      const watched = (name: string, run: () => Tensor) => () =>
        shadowForward(
          model.layer,
          (forward) => (x) => {
            seen.push(name)
            return forward(x)
          },
          run,
        )
      watched(
        'outer',
        watched('inner', () => model.forward(tensor([[1, 2, 3]]))),
      )()
      expect(seen).toEqual(['inner', 'outer'])
      expect(Object.getOwnPropertyDescriptor(model.layer, 'forward')).toEqual(before)
    }
  })
})
