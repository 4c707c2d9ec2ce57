import { random, square, sum, type Tensor } from '@ddnet/ops'
import { entryOf, useBackend } from '@ddnet/testing'
import { beforeAll, expect, test } from 'vitest'
import { init } from './init.ts'
import { Linear } from './linear.ts'
import { Module } from './module.ts'
import { valueAndGrad } from './value-and-grad.ts'

beforeAll(() => useBackend('cpu'))

class Net extends Module {
  readonly backbone = [new Linear(2, 3), new Linear(3, 3)] as const
  readonly backbone2 = new Linear(3, 3)
  readonly head = new Linear(3, 1)
  override forward(x: Tensor): Tensor {
    return this.head.forward(this.backbone2.forward(this.backbone[1].forward(this.backbone[0].forward(x))))
  }
}
const make = () => init(new Net(), random.key(1))
const frozen = (model: Module) => [...model.parameters()].flatMap(([name, { frozen }]) => (frozen ? [name] : []))
const gradients = (model: Net) => {
  const x = random.normal(random.key(2), [4, 2])
  return valueAndGrad(model, () => ({ loss: sum(square(model.forward(x))) })).grads
}

test.each([
  [['backbone'], ['backbone.0.weight', 'backbone.0.bias', 'backbone.1.weight', 'backbone.1.bias']],
  [['backbone.*'], ['backbone.0.weight', 'backbone.0.bias', 'backbone.1.weight', 'backbone.1.bias']],
  [
    ['backbone.1', 'head.bias'],
    ['backbone.1.weight', 'backbone.1.bias', 'head.bias'],
  ],
  [['*.bias'], ['backbone.0.bias', 'backbone.1.bias', 'backbone2.bias', 'head.bias']],
])('freeze(%j) freezes what it names', (patterns, names) => {
  const model = make()
  model.freeze(...patterns)
  expect(frozen(model)).toEqual(names)
})

test('what is frozen has no gradient, and the others have those of before', async () => {
  const model = make()
  const all = gradients(model)
  model.freeze('backbone', 'head.bias')
  const some = gradients(model)
  expect(Object.keys(some)).toEqual(['backbone2.weight', 'backbone2.bias', 'head.weight'])
  for (const [name, gradient] of Object.entries(some)) {
    expect(await gradient.data()).toEqual(await entryOf(all, name).data())
  }
  model.freeze()
  expect(() => gradients(model)).toThrow('all parameters of this Net are frozen')
  model.unfreeze()
  expect(Object.keys(gradients(model))).toEqual(Object.keys(all))
})

test('a pattern that names nothing is an error with the names that there are', () => {
  expect(() => make().freeze('back')).toThrow(
    "freeze: 'back' names no parameter of this Net. It has backbone.0.weight, backbone.0.bias, backbone.1.weight, backbone.1.bias, backbone2.weight, and 3 more.",
  )
})

test('a frozen parameter is in the state dict like the others', async () => {
  const model = make()
  const before = Object.keys(await model.stateDict())
  model.freeze()
  expect(Object.keys(await model.stateDict())).toEqual(before)
})
