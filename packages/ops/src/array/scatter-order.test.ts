import * as ops from '@ddnet/ops'
import { describeBackends, itemAt } from '@ddnet/testing'
import { type Tensor, tensor } from '@tensorflow/tfjs-core'
import { expect, test } from 'vitest'

/** What `run` gives, three times: as bits, so that the last one counts. */
async function bitsOf(run: () => Tensor): Promise<Int32Array[]> {
  const results: Int32Array[] = []
  for (let time = 0; time < 3; time++) {
    const y = run()
    results.push(new Int32Array(new Float32Array(await y.data()).buffer))
    y.dispose()
  }
  return results
}

/** Values of which every order of addition has another sum. */
const uneven = (count: number): Float32Array =>
  Float32Array.from({ length: count }, (_, at) => Math.sin(at * 1.7) * 10 ** (at % 5))

describeBackends('sums at positions', () => {
  test.each([
    ['one place', 5000, 1, 1, () => 0],
    ['few places', 5000, 3, 7, (at: number) => (at * at) % 7],
    ['runs of blocks and of single rows', 3000, 2, 40, (at: number) => (at < 1000 ? 5 : at < 1040 ? at - 1000 : 39)],
    ['as many places as rows', 257, 4, 257, (at: number) => (at * 3) % 257],
    ['a row', 1, 2, 3, () => 2],
  ] as const)('of %s are right, and the same each time', async (_, rows, inner, count, placeOf) => {
    const x = uneven(rows * inner)
    const places = Int32Array.from({ length: rows }, (_, at) => placeOf(at))
    const sums = new Float64Array(count * inner)
    const magnitudes = new Float64Array(count * inner)
    for (const [at, value] of x.entries()) {
      const to = itemAt(places, Math.floor(at / inner)) * inner + (at % inner)
      sums[to] = itemAt(sums, to) + value
      magnitudes[to] = itemAt(magnitudes, to) + Math.abs(value)
    }
    const gradient = (): Tensor =>
      ops.valueAndGrads(() => ops.embedding(tensor(places, [rows], 'int32'), table), [table], tensor(x, [rows, inner]))
        .grads[0]
    const table = ops.zeros([count, inner])
    const [first, second, third] = (await bitsOf(gradient)) as [Int32Array, Int32Array, Int32Array]
    expect(second).toEqual(first)
    expect(third).toEqual(first)
    const got = new Float32Array(first.buffer)
    const off = got.map((value, at) => Math.abs(value - itemAt(sums, at)) / (itemAt(magnitudes, at) || 1))
    expect(Math.max(...off)).toBeLessThan(2e-6)
  })

  test('of several updates of one place the last stays', async () => {
    const at = tensor(
      Int32Array.from({ length: 3000 }, (_, index) => index % 3),
      [3000],
      'int32',
    )
    const source = tensor(Float32Array.from({ length: 3000 }, (_, index) => index))
    const [bits] = (await bitsOf(() => ops.scatter(ops.zeros([4]), at, source, 0))) as [Int32Array]
    expect([...new Float32Array(bits.buffer)]).toEqual([2997, 2998, 2999, 0])
  })

  test('of several values of one place in unpooling the last stays', async () => {
    const indices = tensor(new Int32Array(64 * 64).fill(5), [1, 64, 64, 1], 'int32')
    const values = tensor(
      Float32Array.from({ length: 64 * 64 }, (_, index) => index),
      [1, 64, 64, 1],
    )
    const run = () => ops.maxUnpool2d(values, indices, { outputSize: [64, 64] })
    const [bits] = (await bitsOf(run)) as [Int32Array]
    const y = new Float32Array(bits.buffer)
    expect(y[5]).toBe(4095)
    expect(y.reduce((sum, value) => sum + value, 0)).toBe(4095)
  })
})
