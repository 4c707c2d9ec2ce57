import { describeBackends, itemAt } from '@ddnet/testing'
import * as tf from '@tensorflow/tfjs-core'
import { type Tensor, tensor } from '@tensorflow/tfjs-core'
import { expect, test } from 'vitest'
import * as ops from '../index.ts'

// float32 has no 2²⁴ + 1: kernels that count in it read and write their neighbours'. A [64, 128, 128, 16] is that large.

const count = 2 ** 24 + 8
const ints = (values: readonly number[], shape: number[] = [values.length]): Tensor =>
  tensor([...values], shape, 'int32')
/** 0 but at some positions. */
const sparse = (at: Readonly<Record<number, number>>, shape: number[] = [count]): Tensor => {
  const data = new Float32Array(tf.util.sizeFromShape(shape))
  for (const [position, value] of Object.entries(at)) data[Number(position)] = value
  return tensor(data, shape)
}
const last = [count - 1, count - 2, count - 5, count - 7] as const
/** Different values at the last odd and even positions. */
const ends = (): Tensor => sparse({ [last[0]]: 1, [last[1]]: 2, [last[2]]: 3, [last[3]]: 4 })
const valuesOf = async (y: Tensor): Promise<number[]> => {
  const values = [...(await y.data())]
  y.dispose()
  return values
}
/** The values at those positions of what `run` makes, and the sum of all. */
const ofEnds = async (run: () => Tensor): Promise<number[]> => {
  const y = tf.tidy(run)
  const data = await y.data()
  y.dispose()
  return [...last.map((at) => itemAt(data, at)), Float32Array.from(data).reduce((sum, each) => sum + each, 0)]
}

describeBackends('more than 2²⁴ values', () => {
  test('are gathered by their position', async () => {
    expect(await valuesOf(tf.tidy(() => ops.gather(ends(), ints(last))))).toEqual([1, 2, 3, 4])
    expect(await valuesOf(tf.tidy(() => ops.takeAlongAxis(ends(), ints(last), 0)))).toEqual([1, 2, 3, 4])
    const table = (): Tensor => ops.reshape(ends(), [count, 1])
    expect(await valuesOf(tf.tidy(() => ops.embedding(ints(last), table())))).toEqual([1, 2, 3, 4])
  })

  test('give their gradient to that position', async () => {
    const [x, positions] = [ends(), ints(last)]
    const share = (): Tensor => ops.valueAndGrads(() => ops.gather(x, positions), [x], tensor([5, 6, 7, 8])).grads[0]
    expect(await ofEnds(share)).toEqual([5, 6, 7, 8, 26])
    x.dispose()
  })

  test('are scattered to their position', async () => {
    const source = (): Tensor => tensor([5, 6, 7, 8])
    expect(await ofEnds(() => ops.scatterAdd(ends(), ints(last), source(), 0))).toEqual([6, 8, 10, 12, 36])
    expect(await ofEnds(() => ops.scatter(ends(), ints(last), source(), 0))).toEqual([5, 6, 7, 8, 26])
  })

  test('are taken along an axis of many rows', async () => {
    const rows = (): Tensor => ops.reshape(ends(), [count / 2, 2])
    const first = (): Tensor => tf.fill([count / 2, 1], 1, 'int32')
    const y = tf.tidy(() => ops.takeAlongAxis(rows(), first(), 1))
    const data = await y.data()
    y.dispose()
    // Odd positions: the last, the fifth and the seventh from the end.
    expect([data.at(-1), data.at(-2), data.at(-3), data.at(-4)]).toEqual([1, 0, 3, 4])
  })

  test('have their extreme at its position', async () => {
    expect(await valuesOf(tf.tidy(() => ops.argMax(sparse({ [count - 5]: 3 }))))).toEqual([count - 5])
    expect(await valuesOf(tf.tidy(() => ops.argMin(sparse({ [count - 7]: -3 }))))).toEqual([count - 7])
    expect(await valuesOf(tf.tidy(() => ops.max(ends())))).toEqual([4])
  })

  test('are sorted in rows', async () => {
    const y = tf.tidy(() => ops.sort(ops.reshape(ends(), [count / 2, 2]), { descending: true }).values)
    const data = await y.data()
    y.dispose()
    expect([...data.slice(-8)]).toEqual([4, 0, 3, 0, 0, 0, 2, 1])
  })

  test('are hot at their position', async () => {
    expect(await ofEnds(() => ops.oneHot(ints([count - 5]), count))).toEqual([0, 0, 1, 0, 1])
  })

  test('are pooled with their positions, and put back there', async () => {
    const [height, width] = [4098, 4096] // 2²⁴ + 8192
    const x = sparse({ [height * width - 1]: 1, [height * width - 3 - width]: 2 }, [1, height, width, 1])
    const { values, indices } = ops.maxPool2dWithIndices(x, { kernelSize: 2 })
    const [found, positions] = [await values.data(), await indices.data()]
    expect([found.at(-1), found.at(-2), positions.at(-1), positions.at(-2)]).toEqual([
      1,
      2,
      height * width - 1,
      height * width - 3 - width,
    ])
    const back = ops.maxUnpool2d(values, indices, { outputSize: [height, width] })
    const data = await back.data()
    expect([data[height * width - 1], data[height * width - 3 - width]]).toEqual([1, 2])
    expect(Float32Array.from(data).reduce((sum, each) => sum + each, 0)).toBe(3)
    for (const each of [x, values, indices, back]) each.dispose()
  })

  test('are moved to their place', async () => {
    expect(await valuesOf(tf.tidy(() => ops.slice(ends(), count - 5, 4)))).toEqual([3, 0, 0, 2])
    expect(await valuesOf(tf.tidy(() => ops.slice(ops.reverse(ends(), 0), 0, 5)))).toEqual([1, 2, 0, 0, 3])
    const wide = tf.tidy(() => ops.transpose(ops.reshape(ends(), [count / 2, 2])))
    expect(await valuesOf(tf.tidy(() => ops.slice(wide, [1, count / 2 - 4], [1, 4])))).toEqual([4, 3, 0, 1])
    wide.dispose()
  })
}, ['webgpu'])
