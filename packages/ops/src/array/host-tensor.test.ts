import { fromHost, type HostTensor, permuteHost, tensor, toHost } from '@ddnet/ops'
import { describeBackends } from '@ddnet/testing'
import { describe, expect, test } from 'vitest'

describeBackends('a tensor on the host', () => {
  test.each<HostTensor>([
    { dtype: 'float32', shape: [2, 1], data: Float32Array.of(1.5, -2) },
    { dtype: 'int32', shape: [3], data: Int32Array.of(-7, 0, 2 ** 20) },
    { dtype: 'bool', shape: [1, 2], data: Uint8Array.of(1, 0) },
  ])('comes back as it was: $dtype', async (host) => {
    expect(await toHost(fromHost(host))).toEqual(host)
  })

  test('of other integers is int32 on the backend', async () => {
    const expected = { dtype: 'int32', shape: [2], data: Int32Array.of(3, 250) }
    expect(await toHost(fromHost({ dtype: 'int64', shape: [2], data: BigInt64Array.of(3n, 250n) }))).toEqual(expected)
    expect(await toHost(fromHost({ dtype: 'uint8', shape: [2], data: Uint8Array.of(3, 250) }))).toEqual(expected)
  })

  test('of text is refused', async () => {
    await expect(toHost(tensor(['a']))).rejects.toThrow('toHost: expected a float32, int32 or bool tensor, got string.')
  })
})

describe('permuteHost', () => {
  const host = (shape: number[], data: number[]) => ({
    dtype: 'float32' as const,
    shape,
    data: Float32Array.from(data),
  })

  test('turns HWIO filters into OIHW', () => {
    // The value at [h, w, i, o] is hwio in digits.
    const values = [0, 1].flatMap((h) =>
      [0, 1, 2].flatMap((w) => [0, 1].flatMap((i) => [0, 1].map((o) => 1000 * h + 100 * w + 10 * i + o))),
    )
    const { shape, data } = permuteHost(host([2, 3, 2, 2], values), [3, 2, 0, 1])
    expect(shape).toEqual([2, 2, 2, 3])
    const expected = [0, 1].flatMap((o) =>
      [0, 1].flatMap((i) => [0, 1].flatMap((h) => [0, 1, 2].map((w) => 1000 * h + 100 * w + 10 * i + o))),
    )
    expect([...data]).toEqual(expected)
  })

  test('back and forth changes nothing', () => {
    const x = host(
      [2, 3, 4],
      Array.from({ length: 24 }, (_, index) => index),
    )
    expect(permuteHost(permuteHost(x, [2, 0, 1]), [1, 2, 0])).toEqual(x)
  })

  test('of a scalar, and of nothing', () => {
    expect(permuteHost(host([], [5]), [])).toEqual(host([], [5]))
    expect(permuteHost(host([0, 3], []), [1, 0])).toEqual(host([3, 0], []))
  })
})
