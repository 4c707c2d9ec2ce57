import { describeBackends, expectClose } from '@ddnet/testing'
import { expect, test } from 'vitest'
import { argMax } from '../array/arg-max.ts'
import { add, mul, square, sub } from '../array/arithmetic.ts'
import { mean, sum } from '../array/reduce.ts'
import { cast } from '../array/shape.ts'
import { memory, type Tensor, tensor, tidy } from '../index.ts'
import { grad, valueAndGrad, valueAndGrads } from './differentiate.ts'

describeBackends('grad', () => {
  test('adds up the paths of a skip connection, each of which shares the upstream gradient', async () => {
    const [x, y] = [tensor([1, 2]), tensor([3, 5])]
    // d/dx (x² + x + y·x) = 2x + 1 + y, d/dy = x
    const { grads } = valueAndGrads(() => sum(add(add(square(x), x), mul(y, x))), [x, y])
    expectClose(await (grads[0] as Tensor).data(), [6, 10])
    expectClose(await (grads[1] as Tensor).data(), [1, 2])
    const both = valueAndGrads(() => {
      const total = add(x, y)
      return sum(add(add(total, x), sub(y, total))) // x + y + … = x + 2y − y
    }, [x, y])
    expectClose(await (both.grads[0] as Tensor).data(), [1, 1])
    expectClose(await (both.grads[1] as Tensor).data(), [1, 1])
  })

  test('gives zeros for an input that the function does not use', async () => {
    const [x, y] = [tensor([1, 2]), tensor([3])]
    expectClose(await (valueAndGrads(() => sum(x), [x, y]).grads[1] as Tensor).data(), [0])
    expectClose(await grad(() => sum(y))(x).data(), [0, 0])
  })

  test('comes with the value', async () => {
    const { value, grad: slope } = valueAndGrad((x: Tensor) => sum(square(x)))(tensor([1, 3]))
    expectClose(await value.data(), [10])
    expectClose(await slope.data(), [2, 6])
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
