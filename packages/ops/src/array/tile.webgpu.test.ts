import { memory, tensor, tile } from '@ddnet/ops'
import { describeBackends, itemAt } from '@ddnet/testing'
import { expect, test } from 'vitest'

/** `x[i mod size]` along each axis. */
function tiled(values: readonly number[], shape: readonly number[], reps: readonly number[]): number[] {
  const [size, ...inner] = shape
  const [count, ...innerReps] = reps
  if (size === undefined || count === undefined) return [...values]
  const block = values.length / size
  const rows = Array.from({ length: size }, (_, row) =>
    tiled(values.slice(row * block, (row + 1) * block), inner, innerReps),
  )
  return Array.from({ length: count }, () => rows.flat()).flat()
}

describeBackends('tile on WebGPU', () => {
  test.each<[shape: number[], reps: number[]]>([
    [
      [2, 3],
      [1, 1],
    ],
    [[], []],
    [
      [2, 1, 1, 8],
      [1, 3, 2, 1],
    ],
    [
      [3, 4],
      [2, 3],
    ],
    [
      [1, 3, 1, 2, 1],
      [2, 1, 1, 1, 3],
    ],
    [
      [2, 1, 3, 1, 2, 1],
      [3, 2, 1, 4, 2, 2],
    ],
    [
      [1, 1, 1],
      [2, 3, 4],
    ],
    [
      [2, 3],
      [0, 1],
    ],
  ])('of %j by %j', async (shape, reps) => {
    const values = Array.from({ length: shape.reduce((product, size) => product * size, 1) }, (_, index) => index + 1)
    const expected = tiled(values, shape, reps)
    const before = memory().numTensors
    for (const dtype of ['float32', 'int32'] as const) {
      const x = tensor(values, shape, dtype)
      const y = tile(x, reps)
      expect(y.dtype).toBe(dtype)
      expect(y.shape).toEqual(shape.map((size, axis) => size * itemAt(reps, axis)))
      expect([...(await y.data())]).toEqual(expected)
      for (const each of [x, y]) each.dispose()
    }
    const flags = tensor(
      values.map((value) => value % 2 === 0),
      shape,
      'bool',
    )
    const y = tile(flags, reps)
    expect(y.dtype).toBe('bool')
    expect([...(await y.data())].map(Number)).toEqual(expected.map((value) => (value % 2 === 0 ? 1 : 0)))
    for (const each of [flags, y]) each.dispose()
    expect(memory().numTensors).toBe(before)
  })
}, ['webgpu'])
