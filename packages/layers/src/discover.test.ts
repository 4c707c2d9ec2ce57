import { random, type Tensor } from '@ddnet/ops'
import { useBackend } from '@ddnet/testing'
import { beforeAll, describe, expect, test } from 'vitest'
import * as initializers from './initializers.ts'
import { Linear } from './linear.ts'
import { Module } from './module.ts'
import { Parameter } from './parameter.ts'

beforeAll(() => useBackend('cpu'))
const own = (size: number) => new Parameter([size], { init: initializers.ones })

abstract class Anything extends Module {
  override forward(x: Tensor): Tensor {
    return x
  }
}

describe('modules and parameters are found', () => {
  class Deep extends Anything {
    readonly scale = own(1)
    readonly list = [own(2), { inner: [new Linear(1, 1, { bias: false }), own(3)] }]
    readonly record = Object.assign(Object.create(null) as object, { a: { b: own(4) } })
    readonly notes = { text: 'a', count: 3, when: new Date(0), values: Float32Array.of(1), nothing: null }
  }

  test('in fields, arrays and plain records, at any depth, in their order', () => {
    const model = new Deep()
    expect([...model.parameters()].map(([name, { shape }]) => [name, ...shape])).toEqual([
      ['scale', 1],
      ['list.0', 2],
      ['list.1.inner.0.weight', 1, 1],
      ['list.1.inner.1', 3],
      ['record.a.b', 4],
    ])
    expect([...model.children().keys()]).toEqual(['list.1.inner.0'])
    expect([...model.modules().keys()]).toEqual(['', 'list.1.inner.0'])
  })

  test('once, where they are shared', () => {
    class Shared extends Anything {
      readonly a = new Linear(1, 1)
      readonly b = { again: this.a }
    }
    const model = new Shared()
    expect([...model.modules().keys()]).toEqual(['', 'a'])
    expect([...model.parameters().keys()]).toEqual(['a.weight', 'a.bias'])
  })

  test('also where plain data goes in circles', () => {
    class Circular extends Anything {
      readonly options: Record<string, unknown> = { layer: new Linear(1, 1, { bias: false }) }
    }
    const model = new Circular()
    model.options['itself'] = model.options
    expect([...model.parameters().keys()]).toEqual(['options.layer.weight'])
  })
})

describe('where they are not found is an error:', () => {
  test.each<[string, () => Module]>([
    [
      "'layers' is a Map that holds modules or parameters",
      () =>
        new (class Model extends Anything {
          readonly layers = new Map([['a', new Linear(1, 1)]])
        })(),
    ],
    [
      "'all' is a Set that holds modules or parameters",
      () =>
        new (class Model extends Anything {
          readonly all = new Set([own(1)])
        })(),
    ],
    [
      "'nested.0' is a Map that holds modules or parameters",
      () =>
        new (class Model extends Anything {
          readonly nested = [new Map([[{ key: own(1) }, 'a']])]
        })(),
    ],
  ])('its %s', (message, make) => {
    expect(() => make().parameters()).toThrow(`Model: its ${message}, which are not found there.`)
  })

  test('a module that contains itself', () => {
    class Child extends Anything {
      parent: Module | undefined
    }
    class Parent extends Anything {
      readonly child = new Child()
    }
    const model = new Parent()
    model.child.parent = model
    expect(() => model.parameters()).toThrow("Parent: it contains itself, as 'child.parent'.")
  })

  test('but a Map or Set of other things is nobody’s business', () => {
    class Cached extends Anything {
      readonly cache = new Map([['a', 1]])
      readonly seen = new Set(['a'])
    }
    expect(new Cached().parameters().size).toBe(0)
  })
})

test('a key is no model', () => {
  class Keyed extends Anything {
    readonly key = random.key(1)
  }
  expect(new Keyed().parameters().size).toBe(0)
})
