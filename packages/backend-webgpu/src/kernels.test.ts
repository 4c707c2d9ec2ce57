import { grad, maxPool2d, sum, mul as times } from '@ddnet/ops'
import { addN, engine, matMul, ones, pow, reshape, sub, type Tensor, tensor2d, tidy } from '@tensorflow/tfjs-core'
import { beforeAll, describe, expect, test } from 'vitest'
import { webgpu } from './index.ts'

beforeAll(async () => {
  await webgpu()
})

/** Tensors that live on the device, whatever their size: small ones on the host would be computed there. */
const onDevice = (shape: number[], values: number[]): Tensor =>
  tidy(() => reshape(matMul(tensor2d(values, [values.length, 1]), ones([1, 1])), shape))

describe('addN', () => {
  test.each([1, 2, 7, 8, 15, 40])('sums %i tensors', async (count) => {
    const total = tidy(() => addN(Array.from({ length: count }, (_, index) => onDevice([2], [index + 1, 1]))))
    expect([...(await total.data())]).toEqual([(count * (count + 1)) / 2, count])
    total.dispose()
  })

  test('keeps no partial sum', async () => {
    const backend = engine().backend
    const terms = Array.from({ length: 20 }, () => onDevice([1], [1]))
    await terms.at(-1)?.data()
    const before = backend.numDataIds()
    const total = addN(terms)
    await total.data()
    total.dispose()
    expect(backend.numDataIds()).toBe(before)
    for (const term of terms) term.dispose()
  })
})

describe('a vector broadcast over the last axis', () => {
  test.each([
    ['left', () => sub(onDevice([3], [1, 2, 3]), onDevice([2, 1, 3], [10, 20, 30, 40, 50, 60]))],
    ['right', () => sub(onDevice([2, 1, 3], [-10, -20, -30, -40, -50, -60]), onDevice([3], [-1, -2, -3]))],
  ])('on the %s', async (_, run) => {
    const difference = tidy(run)
    expect(difference.shape).toEqual([2, 1, 3])
    expect([...(await difference.data())]).toEqual([-9, -18, -27, -39, -48, -57])
    difference.dispose()
  })

  test('of two vectors stays a vector', async () => {
    const power = tidy(() => pow(onDevice([3], [1, 2, 3]), onDevice([3], [2, 2, 2])))
    expect(power.shape).toEqual([3])
    expect([...(await power.data())].map(Math.round)).toEqual([1, 4, 9])
    power.dispose()
  })
})

describe('the gradient of max pooling', () => {
  const poolGradient = async (shape: number[], values: number[], kernelSize: number, stride: number) => {
    const weights = values.map((_, index) => index + 1)
    const gradient = tidy(() =>
      grad((x) => {
        const y = maxPool2d(x, { kernelSize, stride })
        return sum(times(y, onDevice(y.shape, weights.slice(0, y.size))))
      })(onDevice(shape, values)),
    )
    const data = [...(await gradient.data())]
    gradient.dispose()
    return data
  }

  test('goes to the first of equal maxima, negative ones too', async () => {
    // Two channels; one window each of rows [-2 -1] [-1 -3] and [-5 -5] [-5 -5].
    expect(await poolGradient([1, 2, 2, 2], [-2, -5, -1, -5, -1, -5, -3, -5], 2, 2)).toEqual([0, 2, 1, 0, 0, 0, 0, 0])
  })

  test('adds up over windows that overlap, four channels at a time', async () => {
    const channel = [3, 1, 3, 2, 3, 1, 0, 0, 3]
    const values = channel.flatMap((value) => [value, value, -value, 0])
    // Windows of 2 × 2 at stride 1 over [3 1 3] [2 3 1] [0 0 3], weighted 1 … 16 by window and channel.
    const gradient = await poolGradient([1, 3, 3, 4], values, 2, 1)
    const of = (index: number) => gradient.filter((_, at) => at % 4 === index)
    expect(of(0)).toEqual([1, 0, 5, 0, 9 + 13, 0, 0, 0, 0])
    expect(of(2)).toEqual([0, 3 + 7, 0, 0, 0, 0, 11, 15, 0])
    expect(of(3)).toEqual([4, 8, 0, 12, 16, 0, 0, 0, 0])
  })
})
