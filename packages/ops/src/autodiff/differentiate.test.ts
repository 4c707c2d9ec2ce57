import { describeBackends, expectClose } from '@ddnet/testing'
import { expect, test } from 'vitest'
import { relu } from '../activation/activations.ts'
import { any } from '../array/any-all.ts'
import { argMax } from '../array/arg-max.ts'
import { add, mul, square, sub } from '../array/arithmetic.ts'
import { cast, clone } from '../array/cast.ts'
import { greater } from '../array/compare.ts'
import { detach } from '../array/detach.ts'
import { mean } from '../array/reduce.ts'
import { sum } from '../array/sum.ts'

import { memory, ones, type Tensor, tensor, tidy, zeros } from '../index.ts'
import { grad, grads, valueAndGrads, valueAndSomeGrads } from './differentiate.ts'

describeBackends('grad', () => {
  test('adds up the paths of a skip connection, each of which shares the upstream gradient', async () => {
    const [x, y] = [tensor([1, 2]), tensor([3, 5])]
    // d/dx (x² + x + y·x) = 2x + 1 + y, d/dy = x
    const { grads } = valueAndGrads(() => sum(add(add(square(x), x), mul(y, x))), [x, y])
    expectClose(await grads[0].data(), [6, 10])
    expectClose(await grads[1].data(), [1, 2])
    const both = valueAndGrads(() => {
      const total = add(x, y)
      return sum(add(add(total, x), sub(y, total))) // x + y + … = x + 2y − y
    }, [x, y])
    expectClose(await both.grads[0].data(), [1, 1])
    expectClose(await both.grads[1].data(), [1, 1])
  })

  test('gives zeros for an input that the function does not use', async () => {
    const [x, y] = [tensor([1, 2]), tensor([3])]
    expectClose(await valueAndGrads(() => sum(x), [x, y]).grads[1].data(), [0])
  })

  test('tells the inputs that have no influence from those with a gradient of zero', async () => {
    const [x, y] = [tensor([1, 2]), tensor([3])]
    const { grads } = valueAndSomeGrads(() => sum(mul(x, 0)), [x, y])
    expectClose(await (grads[0] as Tensor).data(), [0, 0])
    expect(grads[1]).toBeUndefined()
  })

  test('refuses a value that depends on none of them, as PyTorch does', async () => {
    const [x, y] = [tensor([1, 2]), tensor([3])]
    const before = memory().numTensors
    const nothing = /the value does not depend on what it is differentiated by/
    expect(() => grad(() => sum(y))(x)).toThrow(nothing)
    expect(() => grad(() => sum(x))(clone(x))).toThrow(nothing)
    expect(() => valueAndGrads(() => sum(cast(greater(x, 0), 'float32')), [x])).toThrow(nothing)
    expect(() => valueAndGrads(() => sum(detach(x)), [x])).toThrow(nothing)
    expect(() => valueAndGrads(() => sum(x), [])).toThrow('there is nothing to differentiate by')
    expect(memory().numTensors).toBe(before + 1) // the clone
    expect([...(await x.data()), ...(await y.data())]).toEqual([1, 2, 3])
  })

  test('gives zeros where a derivative is constant, and where it is asked for the share of dy', async () => {
    const x = tensor([1, -2])
    // ReLU's derivative has the derivative 0, and so has that of 2x.
    expectClose(await grad((v) => sum(grad((u) => sum(relu(u)))(v)))(x).data(), [0, 0])
    expectClose(await grad((v) => sum(grad((u) => sum(mul(u, 2)))(v)))(x).data(), [0, 0])
    expectClose(await grad(() => tensor([3]))(x, tensor([1])).data(), [0, 0])
    expectClose(await grad((v) => v)(x, tensor([5, 6])).data(), [5, 6])
    expect(grad((v) => sum(v))(zeros([0])).shape).toEqual([0])
    expectClose(await grad((v) => square(v))(tensor([[3]])).data(), [6])
  })

  test.each([[2], [3, 1], [2, 3], [0]])('refuses a value of shape [%s], as PyTorch does', (...shape) => {
    const x = ones(shape)
    const before = memory().numTensors
    const message = `grad: expected one value to differentiate, got [${shape}]. Take its mean or sum`
    expect(() => grad((v) => square(v))(x)).toThrow(message)
    expect(() => grads((v: Tensor, w: Tensor) => mul(v, w))(x, x)).toThrow(message)
    expect(() => valueAndGrads(() => mul(x, 2), [x])).toThrow(message)
    expect(() => valueAndGrads(() => x, [x])).toThrow(message)
    expect(memory().numTensors).toBe(before)
  })

  test('refuses values without derivatives, and dy that does not fit', () => {
    const x = tensor([1, 2])
    expect(() => grad((v) => sum(cast(v, 'int32')))(x)).toThrow('expected a float32 value to differentiate, got int32')
    expect(() => grad((v) => any(v))(x)).toThrow('expected a float32 value to differentiate, got bool')
    expect(() => grad((v) => square(v))(x, tensor([1]))).toThrow("expected dy of the value's shape [2], got [1]")
    expect(() => grad((v) => square(v))(x, tensor([1, 2], [2], 'int32'))).toThrow('expected dy as float32, got int32')
    // @ts-expect-error a number is no tensor
    expect(() => grad(() => 3)(x)).toThrow('expected a tensor to differentiate, got 3')
    // @ts-expect-error nor is a promise
    expect(() => grad(async () => sum(x))(x)).toThrow('must not be async')
  })

  test('comes with the value', async () => {
    const x = tensor([1, 3])
    const { value, grads } = valueAndGrads(() => sum(square(x)), [x])
    expectClose(await value.data(), [10])
    expectClose(await grads[0].data(), [2, 6])
  })

  test('leaves nothing behind when the function throws', () => {
    const x = tensor([1, 2])
    const before = memory().numTensors
    const failing = () =>
      tidy(() => {
        square(square(x))
        throw new Error('on purpose')
      })
    expect(() => valueAndGrads(failing, [x])).toThrow('on purpose')
    expect(memory().numTensors).toBe(before)
  })

  test('broadcasts back what a sum or a mean has gathered', async () => {
    const x = tensor([1, 2, 3, 4, 5, 6], [2, 3])
    const weights = tensor([1, 10, 100])
    expectClose(await grad((v) => sum(mul(sum(v, 0), weights)))(x).data(), [1, 10, 100, 1, 10, 100])
    expectClose(await grad((v) => sum(mul(mean(v, 0), weights)))(x).data(), [0.5, 5, 50, 0.5, 5, 50])
  })

  test('says what has no derivative', () => {
    const x = tensor([1, 3, 2])
    expect(() => grad((v) => cast(argMax(v), 'float32'))(x)).toThrow(/argMax has no derivative.*'x'.*integer/)
    expect(() => grad((v) => v)(tensor([1], [1], 'int32'))).toThrow(/expected float32 inputs, got int32/)
  })
})
