import type { KernelConfig, Tensor, TensorInfo } from '@tensorflow/tfjs-core'
import { cast, engine, tidy, util } from '@tensorflow/tfjs-core'
import { itemAt } from '../checks/item.ts'
import { type Heap, wasmKernel } from '../kernels/wasm-heap.ts'
import type { Address } from '../kernels/wasm-structs.ts'
import { broadcastShapes } from './axes.ts'

/** Values of the inner axis that are added up from 0: eight columns of them stay in the first-level cache (8 KB), and long sums lose less. */
const panel = 256

/** Products that one thread is done with before another wakes. */
const small = 2 ** 16

/**
 * Products of matrices, either side transposed. tfjs-wasm's own kernel takes SIMD for no transposed side, which all gradients have, and one
 * thread.
 */
export const matMulWasm: KernelConfig = wasmKernel<{ a: Tensor; b: Tensor }, Transposed>(
  'BatchMatMul',
  ({ a, b }, transposed, heap) => {
    if (a.dtype === 'float32' && b.dtype === 'float32') return product(heap, a, b, transposed)
    // tfjs multiplies whole numbers, too; float32 has those below 2²⁴.
    return tidy(() => {
      const c = product(heap, cast(a, 'float32'), cast(b, 'float32'), transposed)
      return cast(engine().makeTensorFromTensorInfo(c), a.dtype)
    })
  },
)

interface Transposed {
  readonly transposeA: boolean
  readonly transposeB: boolean
}

function product(heap: Heap, a: Tensor, b: Tensor, { transposeA, transposeB }: Transposed): TensorInfo {
  const [left, right] = [sideOf(a, transposeA), sideOf(b, !transposeB)]
  const batch = broadcastShapes('matMul', a.shape.slice(0, -2), b.shape.slice(0, -2))
  const c = heap.output([...batch, left.outer, right.outer])
  const rowBytes = left.inner * 4
  // Columns of `a` are packed, rows are read as they lie.
  const readA = transposeA
    ? {
        a: packed(heap, a, left),
        aBlock: left.matrices * left.inner * 32,
        aRow: 4,
        aInner: 32,
        matrix: left.inner * 32,
      }
    : { a: heap.address(a), aBlock: rowBytes * 8, aRow: rowBytes, aInner: 4, matrix: left.outer * left.inner * 4 }
  const { matrix, ...rowsOfA } = readA
  const tailBytes = right.outer % 8 === 0 ? 0 : left.outer * 32
  const job = heap.write('MatMul', {
    ...rowsOfA,
    aMatrix: left.matrices === 1 ? 0 : matrix,
    b: packed(heap, b, right),
    bMatrix: right.matrices === 1 ? 0 : right.inner * 32,
    bBlock: right.matrices * right.inner * 32,
    c: heap.address(c),
    matrices: util.sizeFromShape(batch),
    rows: left.outer,
    columns: right.outer,
    inner: left.inner,
    panel,
    tail: heap.scratch(tailBytes * heap.runner.parts),
    tailStep: tailBytes,
  })
  if (util.sizeFromShape(c.shape) * left.inner < small) heap.runner.runAlone('matMul', job)
  else heap.runner.run('matMul', job)
  return c
}

/** A side of a product as matrices `[inner, outer]`: steps in floats. */
interface Side {
  readonly matrices: number
  readonly inner: number
  readonly outer: number
  readonly innerStep: number
  readonly outerStep: number
}

function sideOf({ shape }: Tensor, innerFirst: boolean): Side {
  const [rows, columns] = [itemAt(shape, shape.length - 2), itemAt(shape, shape.length - 1)]
  const matrices = util.sizeFromShape(shape.slice(0, -2))
  return innerFirst
    ? { matrices, inner: rows, outer: columns, innerStep: columns, outerStep: 1 }
    : { matrices, inner: columns, outer: rows, innerStep: 1, outerStep: columns }
}

/** `[outer / 8][matrix][inner][8]` */
function packed(heap: Heap, x: Tensor, { matrices, inner, outer, innerStep, outerStep }: Side): Address {
  const address = heap.scratch(Math.ceil(outer / 8) * matrices * inner * 32)
  const job = heap.write('Packing', {
    filter: heap.address(x),
    packed: address,
    taps: matrices,
    sources: heap.table(Array.from({ length: matrices }, (_, matrix) => matrix)),
    inner,
    outer,
    innerStep: innerStep * 4,
    outerStep: outerStep * 4,
  })
  if (matrices * inner * outer < small) heap.runner.runAlone('packWeights', job)
  else heap.runner.run('packWeights', job)
  return address
}
