import { describeBackends } from '@ddnet/testing'
import { expect, test } from 'vitest'
import { itemAt } from '../checks/item.ts'
import { engine, tensor } from '../index.ts'
import { matMul } from './mat-mul.ts'

/** Between −1 and 1, without a pattern that a mistake could repeat. */
const drawn = (count: number, seed: number): Float32Array =>
  Float32Array.from({ length: count }, (_, i) => (Math.sin((i + 1) * 12.9898 + seed) * 43_758.5453) % 1)

/** Rows, inner and columns around the kernel's tiles of 4 × 8 and its panel of 640. */
const sizes = [
  [1, 1, 1],
  [1, 5, 9],
  [3, 2, 7],
  [4, 16, 8],
  [5, 3, 16],
  [9, 8, 1],
  [13, 31, 17],
  [2, 641, 8],
  [6, 1300, 11],
  [70, 65, 70],
] as const
const batches = [
  [[], []],
  [[3], [3]],
  [
    [2, 3],
    [2, 3],
  ],
  [[3], []],
  [[], [2, 3]],
  [[1], [4]],
] as const

describeBackends('compiled products of matrices', () => {
  const cases = sizes.flatMap((size) => batches.map((batch) => [...size, ...batch] as const))
  test.each(cases)('%i × %i × %i of [%s] and [%s] are those of float64', async (m, k, n, batchA, batchB) => {
    const shape = batchA.length >= batchB.length && batchA[0] !== 1 ? batchA : batchB
    const count = shape.reduce((product, size) => product * size, 1)
    const [countA, countB] = [batchA, batchB].map((batch) => batch.reduce<number>((product, size) => product * size, 1))
    const [a, b] = [drawn(m * k * (countA ?? 1), 1), drawn(k * n * (countB ?? 1), 2)]
    for (const transposeA of [false, true]) {
      for (const transposeB of [false, true]) {
        const expected = Array.from({ length: count * m * n }, (_, at) => {
          const [matrix, row, column] = [Math.floor(at / (m * n)), Math.floor(at / n) % m, at % n]
          const [fromA, fromB] = [countA === 1 ? 0 : matrix * m * k, countB === 1 ? 0 : matrix * k * n]
          let [total, size] = [0, 0]
          for (let i = 0; i < k; i++) {
            const left = itemAt(a, fromA + (transposeA ? i * m + row : row * k + i))
            const product = left * itemAt(b, fromB + (transposeB ? column * k + i : i * n + column))
            total += product
            size += Math.abs(product)
          }
          return { total, bound: (k + 1) * 2 ** -24 * size } // each product and each sum rounded
        })
        const [x, y] = [
          tensor(a, [...batchA, ...(transposeA ? [k, m] : [m, k])]),
          tensor(b, [...batchB, ...(transposeB ? [n, k] : [k, n])]),
        ]
        const product = matMul(x, y, transposeA, transposeB)
        expect(product.shape).toEqual([...shape, m, n])
        const found = await product.data()
        const off = expected.filter(({ total, bound }, at) => !(Math.abs(total - itemAt(found, at)) <= bound))
        expect(off).toEqual([])
      }
    }
  })

  test('what is not finite stays where it belongs', async () => {
    const a = tensor([1, 2, Number.POSITIVE_INFINITY, 4, 5, 6, 7, 8, 9, 10], [5, 2])
    const b = tensor([1, 0, 2, 1, Number.NaN, 3], [2, 3])
    const found = [...(await matMul(a, b).data())]
    expect(found.slice(0, 3)).toEqual([3, Number.NaN, 8])
    expect(found.slice(3, 6)).toEqual([Number.POSITIVE_INFINITY, Number.NaN, Number.POSITIVE_INFINITY])
    expect(found.filter(Number.isNaN)).toHaveLength(5) // the second column
  })

  test('whole numbers are multiplied as tfjs does it elsewhere', async () => {
    const [a, b] = [tensor([1, 2, 3, 4], [2, 2], 'int32'), tensor([5, 6, 7, 8], [2, 2], 'int32')]
    const before = engine().state.numTensors
    const c = engine().runKernel('BatchMatMul', { a, b }, { transposeA: true, transposeB: false })
    expect(engine().state.numTensors).toBe(before + 1)
    const [found] = [c].flat()
    expect(found?.dtype).toBe('int32')
    expect(found && [...(await engine().makeTensorFromTensorInfo(found).data())]).toEqual([26, 30, 38, 44])
  })

  test('keeps nothing of its scratch', () => {
    const [x, y] = [tensor(drawn(33 * 20, 1), [33, 20]), tensor(drawn(20 * 9, 2), [20, 9])]
    const before = engine().state.numTensors
    for (let times = 0; times < 3; times++) matMul(x, y).dispose()
    expect(engine().state.numTensors).toBe(before)
  })
}, ['wasm'])
