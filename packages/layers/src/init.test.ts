import { memory, random, type Tensor, tensor, toHost } from '@ddnet/ops'
import { defined, floatsOf, useBackend } from '@ddnet/testing'
import { beforeAll, describe, expect, test } from 'vitest'
import { BatchNorm } from './batch-norm.ts'
import { init } from './init.ts'
import * as initializers from './initializers.ts'
import { Linear } from './linear.ts'
import { Module } from './module.ts'
import { Parameter } from './parameter.ts'
import { openPass } from './pass.ts'
import { valueAndGrad } from './value-and-grad.ts'

beforeAll(() => useBackend('cpu'))
const key = random.key(42)
const valuesOf = async (x: Tensor) => Array.from(await floatsOf(x))

class Net extends Module {
  readonly body = [new Linear(3, 4), new BatchNorm(4)] as const
  readonly head = new Linear(4, 2)
  override forward(x: Tensor): Tensor {
    return this.head.forward(this.body[1].forward(this.body[0].forward(x)))
  }
}

describe('init', () => {
  test('allocates what construction does not, and gives the model back', () => {
    const before = memory().numTensors
    const model = new Net()
    expect(memory().numTensors).toBe(before)
    expect(init(model, key)).toBe(model)
    expect(memory().numTensors).toBe(before + 8)
    model.dispose()
    expect(memory().numTensors).toBe(before)
  })

  test('draws each parameter from the key of its name', async () => {
    const model = init(new Net(), key)
    const bound = 1 / Math.sqrt(3)
    expect(await valuesOf(model.body[0].weight.value)).toEqual(
      await valuesOf(random.uniform(key.fold('body.0.weight'), [4, 3], -bound, bound)),
    )
    const record = init({ a: new Net(), b: new Net() }, key)
    expect(await valuesOf(defined(record.b.head.bias?.value))).toEqual(
      await valuesOf(random.uniform(key.fold('b.head.bias'), [2], -1 / 2, 1 / 2)),
    )
    expect(await valuesOf(record.a.head.weight.value)).not.toEqual(await valuesOf(record.b.head.weight.value))
  })

  test('leaves what has a value as it is: a new head on loaded weights', async () => {
    const pretrained = await init(new Net(), random.key(1)).stateDict()
    const { 'head.weight': _, 'head.bias': __, ...body } = pretrained
    const model = new Net()
    const old = tensor([0], [1])
    expect(model.loadStateDict({ ...body, old: await toHost(old) }, { strict: false })).toEqual({
      missing: ['head.weight', 'head.bias'],
      unexpected: ['old'],
    })
    expect(model.head.weight.ready).toBe(false)
    init(model, key)
    const { 'head.weight': weight, 'head.bias': bias, ...loaded } = await model.stateDict()
    expect(loaded).toEqual(body)
    expect([weight, bias]).toEqual(
      await Promise.all(
        ['head.weight', 'head.bias'].map(async (name) => (await init(new Net(), key).stateDict())[name]),
      ),
    )
  })

  test('says what it cannot draw', () => {
    class Own extends Module {
      readonly scale = [new Parameter([2, 3])]
      readonly other = new Parameter([2], { init: () => tensor([1]) })
      override forward(): void {}
    }
    expect(() => init(new Own(), key)).toThrow(
      "init: 'scale.0' has no initializer. Make it with one, as in new Parameter([2,3], { init: initializers.normal() })",
    )
    const model = new Own()
    model.scale[0]?.assign(tensor(new Float32Array(6), [2, 3]))
    expect(() => init(model, key)).toThrow(
      "init: the initializer of 'other' does not fit: assign: expected shape [2], got [1].",
    )
    // @ts-expect-error nothing to draw from
    expect(() => init(new Net(), undefined)).toThrow('init: expected a key to draw from')
    expect(() => new Parameter([2, -1])).toThrow('expected the shape of a parameter as whole numbers, got [2,-1].')
  })

  test('has PyTorch’s distributions', async () => {
    const parameter = (initializer: Parameters<typeof make>[0]) => valuesOf(make(initializer).weight.value)
    const make = (initializer: ConstructorParameters<typeof Parameter>[1] & {}) =>
      init(
        new (class extends Module {
          readonly weight = new Parameter([2000], initializer)
          override forward(): void {}
        })(),
        key,
      )
    const draws = await parameter({ init: initializers.normal(3, 0.5) })
    const mean = draws.reduce((sum, each) => sum + each, 0) / 2000
    const variance = draws.reduce((sum, each) => sum + (each - mean) ** 2, 0) / 1999
    expect(Math.abs(mean - 3)).toBeLessThan((3.3 * 0.5) / Math.sqrt(2000))
    expect(Math.abs(variance / 0.25 - 1)).toBeLessThan(3.3 * Math.sqrt(2 / 2000))
    const flat = await parameter({ init: initializers.uniform(-1, 3) })
    expect([Math.min(...flat) >= -1, Math.max(...flat) < 3, Math.min(...flat) < -0.9, Math.max(...flat) > 2.9]).toEqual(
      [true, true, true, true],
    )
  })
})

describe('a parameter without a value', () => {
  const x = () => tensor([[1, 2, 3]])

  test('is an error that says so, with its name where that can be known', () => {
    const message = 'of shape [4,3] has no value yet. Give the model its values first: init(model, key)'
    expect(() => new Net().forward(x())).toThrow(`A parameter ${message}`)
    expect(() => new Net().predict(x())).toThrow(`'body.0.weight' ${message}`)
    const model = new Net()
    expect(() => openPass({ training: true, root: model, key }, () => model.forward(x()))).toThrow(
      `'body.0.weight' ${message}`,
    )
    expect(() => valueAndGrad(model, () => ({ loss: tensor(1) }))).toThrow(
      'this Net has no values yet for body.0.weight, body.0.bias, body.1.weight, body.1.bias, body.1.running_mean, and 3 more. Give it some first: init(model, key)',
    )
  })

  test('cannot be saved', async () => {
    await expect(new Net().stateDict()).rejects.toThrow('stateDict: this Net has no values yet for body.0.weight')
  })

  test('is what a #private one stays, which the error tells', () => {
    class Hidden extends Module {
      readonly #layer = new Linear(3, 2)
      override forward(x: Tensor): Tensor {
        return this.#layer.forward(x)
      }
    }
    expect(() => init(new Hidden(), key).forward(x())).toThrow(
      'If that was done, this one was not found: keep it in a field, an array or a plain record, and not in a #private field.',
    )
  })
})
