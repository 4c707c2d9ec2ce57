import { engine, type Tensor, tensor, toHost } from '@ddnet/ops'
import { type KernelVariant, useVariant } from '@ddnet/ops/webgpu'
import { describeBackends, expectClose, floatsOf, itemAt, putVariantBack } from '@ddnet/testing'
import { describe, expect, test } from 'vitest'
import { mean } from './reduce.ts'
import { sum } from './sum.ts'

const backend = () => engine().backend

/** 0, 1, 2 …, 6, 0 … in a shape. */
const counting = (shape: number[], dtype?: 'int32'): Tensor =>
  tensor(
    Array.from({ length: shape.reduce((product, size) => product * size, 1) }, (_, index) => index % 7),
    shape,
    dtype,
  )

/** Sums over axes in float64. */
async function expected(x: Tensor, axes: number[]): Promise<Float64Array> {
  const steps = x.shape.map((_, axis) => x.shape.slice(axis + 1).reduce((product, size) => product * size, 1))
  const kept = x.shape.map((_, axis) => axis).filter((axis) => !axes.includes(axis))
  const sums = new Float64Array(kept.reduce((product, axis) => product * itemAt(x.shape, axis), 1))
  const { data } = await toHost(x)
  for (const [index, value] of data.entries()) {
    const place = kept.reduce((at, axis) => {
      const size = itemAt(x.shape, axis)
      return at * size + (Math.floor(index / itemAt(steps, axis)) % size)
    }, 0)
    sums[place] = itemAt(sums, place) + Number(value)
  }
  return sums
}

describeBackends('sums on WebGPU', () => {
  putVariantBack()

  describe.each<KernelVariant>(['software', 'gpu'])('%s', (variant) => {
    test.each<[shape: number[], axes: number[]]>([
      [
        [3, 10, 10, 4],
        [0, 1, 2],
      ],
      [[2000, 5], [0]],
      [[2, 400, 72], [1]],
      [[3, 700], [1]],
      [[2, 2, 4], [1]],
      [[2, 1, 2], [1]],
      [
        [2, 30, 4, 20],
        [1, 3],
      ],
      [
        [2, 1, 2, 1, 2, 1, 2, 1],
        [0, 1, 4, 5],
      ],
      [
        [5, 6, 7],
        [0, 1, 2],
      ],
    ])('of %j over %j', async (shape, axes) => {
      useVariant(engine().backend, variant)
      const x = counting(shape)
      const count = axes.reduce((product, axis) => product * itemAt(shape, axis), 1)
      const sums = await expected(x, axes)
      const results = [sum(x, axes), mean(x, axes, true)] as const
      expect(results[1].shape).toEqual(shape.map((size, axis) => (axes.includes(axis) ? 1 : size)))
      expectClose(await floatsOf(results[0]), sums, 1e-6, 'sum')
      const means = sums.map((value) => value / count)
      expectClose(await floatsOf(results[1]), means, 1e-6, 'mean')
      for (const used of [x, ...results]) used.dispose()
    })

    test('of integers is an integer, and of truth values their count', async () => {
      useVariant(engine().backend, variant)
      const x = counting([300, 3], 'int32')
      const flags = tensor([true, false, true], [3], 'bool')
      const [total, count] = [sum(x, 0), sum(flags)] as const
      expect([total.dtype, count.dtype]).toEqual(['int32', 'int32'])
      expect([...(await total.data())]).toEqual([...(await expected(x, [0]))])
      expect([...(await count.data())]).toEqual([2])
      for (const used of [x, flags, total, count]) used.dispose()
    })
  })

  test('keep no partial sum', async () => {
    const run = async (): Promise<void> => {
      const x = counting([4000, 4])
      const y = sum(x, 0)
      await y.data()
      for (const used of [x, y]) used.dispose()
    }
    await run()
    const before = backend().numDataIds()
    await run()
    expect(backend().numDataIds()).toBe(before)
  })
}, ['webgpu'])
