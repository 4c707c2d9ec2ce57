import {
  add,
  any,
  cast,
  detach,
  dispose,
  greater,
  mean,
  memory,
  mul,
  ones,
  random,
  type Scalar,
  scalar,
  square,
  sum,
  type Tensor,
  tensor,
} from '@ddnet/ops'
import { defined, describeBackends, entryOf, expectClose } from '@ddnet/testing'
import { expect, test } from 'vitest'
import { BatchNorm } from './batch-norm.ts'
import { init } from './init.ts'
import { Linear } from './linear.ts'
import { Module } from './module.ts'
import type { Buffer } from './parameter.ts'
import { valueAndGrad } from './value-and-grad.ts'

/** A linear layer and a norm. */
class Pair extends Module {
  readonly first = new Linear(2, 3)
  readonly norm = new BatchNorm(3)

  override forward(x: Tensor): Tensor {
    return this.norm.forward(this.first.forward(x))
  }
}

const pair = (): Pair => init(new Pair(), random.key(1))
const input = (): Tensor => tensor([1, 2, -3, 4, 0.5, -1], [3, 2])

describeBackends('valueAndGrad', () => {
  test('gives the loss, what else the function returned, and a gradient for each parameter', async () => {
    const layer = init(new Linear(2, 1), random.key(1))
    const x = input()
    const { loss, aux, grads } = valueAndGrad(layer, () => {
      const y = layer.forward(x)
      return { loss: sum(square(y)), aux: { y } }
    })
    const y = Array.from(await aux.y.data())
    expectClose(await loss.data(), [y.reduce((total, value) => total + value * value, 0)], 1e-5)
    // ∂ Σ y² / ∂ bias = 2 Σ y
    expectClose(await entryOf(grads, 'bias').data(), [2 * y.reduce((total, value) => total + value, 0)], 1e-5)
    expect(Object.keys(grads)).toEqual(['weight', 'bias'])
  })

  test('changes running statistics only when they are committed', async () => {
    const model = pair()
    const x = input()
    const statistics = async () => [...((await model.norm.running_mean?.value.data()) ?? [])]
    const { updates } = valueAndGrad(model, () => ({ loss: sum(model.forward(x)) }))
    expect(await statistics()).toEqual([0, 0, 0])
    expect(model.norm.num_batches_tracked?.count).toBe(0)
    updates.commit()
    expect(await statistics()).not.toEqual([0, 0, 0])
    expect(model.norm.num_batches_tracked?.count).toBe(1)
  })

  test('a norm that runs twice in a pass counts both batches, as two passes would', async () => {
    const once = pair()
    const twice = pair()
    const [x, other] = [input(), mul(input(), 2)]
    const pass = (model: Pair, ...inputs: Tensor[]) => {
      const { loss, grads, updates } = valueAndGrad(model, () => ({
        loss: inputs.map((x) => sum(square(model.forward(x)))).reduce((a, b) => add(a, b)),
      }))
      updates.commit()
      dispose([loss, ...Object.values(grads)])
    }
    const before = memory().numTensors
    pass(once, x)
    pass(once, other)
    pass(twice, x, other)
    expect(memory().numTensors).toBe(before)
    expect(twice.norm.num_batches_tracked?.count).toBe(2)
    for (const buffer of ['running_mean', 'running_var'] as const) {
      const [of2, of1] = [twice, once].map((each) => (each.norm[buffer] as Buffer).value)
      expectClose(await defined(of2).data(), await defined(of1).data(), 1e-6)
    }
  })

  test('uses running statistics in inference, and leaves them alone', async () => {
    const model = pair()
    const before = await model.stateDict()
    model.predict(input()).dispose()
    expect(await model.stateDict()).toEqual(before)
  })

  test('leaves nothing behind, also when the function throws', () => {
    const model = pair()
    const x = input()
    const step = (fail: boolean) => {
      const { loss, grads, aux, updates } = valueAndGrad(model, () => {
        const y = model.forward(x)
        if (fail) throw new Error('no')
        return { loss: sum(mul(y, y)), aux: { y } }
      })
      updates.discard()
      for (const each of [loss, aux.y, ...Object.values(grads)]) each.dispose()
    }
    step(false)
    const before = memory().numTensors
    step(false)
    expect(memory().numTensors).toBe(before)
    expect(() => step(true)).toThrow('no')
    expect(memory().numTensors).toBe(before)
  })

  test.each([[1], [3], [3, 2]])('refuses a loss of shape [%s], whose sum PyTorch does not take either', (...shape) => {
    const model = init(new Linear(2, 1), random.key(1))
    const before = memory().numTensors
    const step = () =>
      valueAndGrad(model, () => {
        const y = model.forward(ones([3, 2]))
        const loss: Tensor = mul(mean(y), ones(shape))
        return { loss: loss as Scalar, aux: { y } }
      })
    expect(step).toThrow(`the loss: expected a scalar, got [${shape}]. Take its mean or its sum`)
    expect(memory().numTensors).toBe(before)
  })

  test('refuses a loss that is not a real number, or not a tensor', () => {
    const model = init(new Linear(2, 1), random.key(1))
    const of = (loss: (y: Tensor) => unknown) => () =>
      valueAndGrad(model, () => ({ loss: loss(model.forward(ones([3, 2]))) as Scalar }))
    expect(of((y) => cast(sum(y), 'int32'))).toThrow('the loss: expected float32, got int32, which has no derivative')
    expect(of((y) => any(y))).toThrow('expected float32, got bool')
    expect(of(() => 3)).toThrow('expected a scalar tensor, got number')
    expect(of(() => undefined)).toThrow('expected a scalar tensor, got undefined')
    expect(of(async (y) => sum(y))).toThrow('got a promise. It must not be async')
  })

  test('refuses a loss without a path to the model, as PyTorch does, and leaves nothing behind', () => {
    const model = pair()
    const other = init(new Linear(2, 1), random.key(2))
    const x = input()
    const before = memory().numTensors
    const of = (loss: () => Tensor) => () =>
      valueAndGrad(model, () => ({ loss: loss() as Scalar, aux: { y: model.forward(x) } }))
    const message = 'the loss does not depend on any parameter of this Pair'
    expect(of(() => sum(other.forward(x)))).toThrow(message)
    expect(of(() => scalar(1))).toThrow(message)
    expect(of(() => sum(detach(model.forward(x))))).toThrow(message)
    expect(of(() => sum(cast(greater(model.forward(x), 0), 'float32')))).toThrow(message)
    expect(of(() => mean(defined(model.norm.running_mean).value))).toThrow(message)
    expect(memory().numTensors).toBe(before)
    class Plain extends Module {
      override forward(x: Tensor): Tensor {
        return x
      }
    }
    expect(() => valueAndGrad(new Plain(), () => ({ loss: sum(x) }))).toThrow('this Plain has no parameters to learn')
  })

  test('gives no gradient to parameters that the loss does not depend on', () => {
    const model = pair()
    const x = input()
    const { grads } = valueAndGrad(model, () => ({ loss: sum(square(model.first.forward(x))) }))
    expect(Object.keys(grads)).toEqual(['first.weight', 'first.bias'])
  })
})
