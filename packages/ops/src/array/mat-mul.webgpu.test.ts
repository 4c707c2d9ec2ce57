import { dispose, matMul, type Tensor, tensor, toHost } from '@ddnet/ops'
import { describeBackends, expectTensorClose, itemAt, lastItem, putVariantBack, useBackend } from '@ddnet/testing'
import { engine } from '@tensorflow/tfjs-core'
import { describe, test } from 'vitest'
import { type KernelVariant, useVariant } from '../webgpu.ts'

const values = (shape: number[], seed: number): Tensor =>
  tensor(
    Float32Array.from({ length: shape.reduce((product, size) => product * size, 1) }, (_, i) => Math.sin(i + seed)),
    shape,
  )

const cases: [string, number[], number[]][] = [
  ['one row', [1, 7], [7, 5]],
  ['edges of tiles', [6, 3], [3, 9]],
  ['a long depth', [4, 300], [300, 8]],
  ['several products', [3, 5, 6], [3, 6, 2]],
  ['products with one matrix on the left', [1, 5, 6], [3, 6, 2]],
  ['and on the right', [2, 3, 5, 6], [1, 1, 6, 2]],
]
const transposed = (shape: number[], swap: boolean): number[] =>
  swap ? [...shape.slice(0, -2), lastItem(shape), itemAt(shape, shape.length - 2)] : shape

describeBackends('products of matrices', () => {
  putVariantBack()
  describe.each<KernelVariant>(['gpu', 'software'])('for %s', (variant) => {
    const choose = async (): Promise<void> => {
      await useBackend('webgpu')
      useVariant(engine().backend, variant)
    }
    describe.each(cases)('%s', (_, aShape, bShape) => {
      test.each([
        [false, false],
        [true, false],
        [false, true],
        [true, true],
      ])('transposed %s and %s, as plain JavaScript computes it', async (transposeA, transposeB) => {
        const run = async (): Promise<{ y: Tensor; free: () => void }> => {
          const a = values(transposed(aShape, transposeA), 1)
          const b = values(transposed(bShape, transposeB), 2)
          const y = matMul(a, b, transposeA, transposeB)
          return { y, free: () => dispose([a, b, y]) }
        }
        await useBackend('cpu')
        const expected = await run()
        const host = await toHost(expected.y)
        expected.free()
        await choose()
        const actual = await run()
        await expectTensorClose(actual.y, host as never, 1e-5)
        actual.free()
      })
    })
  })
}, ['webgpu'])
