import type { Scalar, Tensor } from '@ddnet/ops'
import { expectTypeOf, test } from 'vitest'
import { Conv2d } from './conv2d.ts'
import type { Dropout } from './dropout.ts'
import { init } from './init.ts'
import { type Layer, Module, type ModuleOf } from './module.ts'
import { observe } from './observe.ts'
import { Sequential } from './sequential.ts'
import { type gradients, valueAndGrad } from './value-and-grad.ts'

class Up extends Module {
  override forward(x: Tensor, skip: Tensor): { mask: Tensor; size: [Tensor] } {
    return { mask: x, size: [skip] }
  }
}

test('a module’s inputs and results are its own', () => {
  const both = (x: Tensor) => new Up().predict(x, x)
  expectTypeOf(both).returns.toEqualTypeOf<{ mask: Tensor; size: [Tensor] }>()
  expectTypeOf<Up>().toExtend<ModuleOf<[x: Tensor, skip: Tensor], { mask: Tensor }>>()
  expectTypeOf<Up>().not.toExtend<ModuleOf<[x: Tensor]>>()
  expectTypeOf<Up>().not.toExtend<Layer>()
  expectTypeOf<Conv2d>().toExtend<Layer>()
  expectTypeOf<Dropout>().toExtend<Layer>()
  expectTypeOf<Up>().toExtend<Module>()
  // @ts-expect-error: it needs a skip connection
  const one = (x: Tensor) => new Up().predict(x)
  // @ts-expect-error: a Sequential hands on one tensor
  const sequence = () => new Sequential(new Up())
  // @ts-expect-error: what is known to be a Module alone may take anything
  const plain = (model: Module, x: Tensor) => model.forward(x)
  expectTypeOf([one, sequence, plain]).toBeArray()
})

test('what is initialised and observed keeps its type', () => {
  const key = {} as Parameters<typeof init>[1]
  expectTypeOf(() => init(new Up(), key)).returns.toEqualTypeOf<Up>()
  expectTypeOf(() => init({ up: new Up(), conv: new Conv2d(1, 1, { kernelSize: 1 }) }, key)).returns.toEqualTypeOf<{
    up: Up
    conv: Conv2d
  }>()
  expectTypeOf(() =>
    observe(
      new Up(),
      () => 3,
      () => {},
    ),
  ).returns.toEqualTypeOf<number>()
})

test('the tensors of aux come back by name', () => {
  const run = (loss: Scalar, logits: Tensor) => valueAndGrad(new Up(), () => ({ loss, aux: { logits } }))
  expectTypeOf(run).returns.toHaveProperty('aux').toEqualTypeOf<{ logits: Tensor }>()
  expectTypeOf(run).returns.toHaveProperty('loss').toEqualTypeOf<Scalar>()
  // @ts-expect-error: a loss is needed
  const none = (run: typeof gradients) => run(new Up(), () => ({ aux: {} }))
  expectTypeOf(none).toBeFunction()
})
