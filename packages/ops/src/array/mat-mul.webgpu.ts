import type { KernelFunc, Tensor, TensorInfo } from '@tensorflow/tfjs-core'
import { broadcast_util, util } from '@tensorflow/tfjs-core'
import { tuple } from '../checks/item.ts'
import { variantOf, webgpuKernel } from '../kernels/webgpu-kernel.ts'

interface WebGPUBackend {
  readonly device: GPUDevice
}

type Inputs = { a: Tensor; b: Tensor }
type Transposes = { transposeA: boolean; transposeB: boolean }

/**
 * Products of matrices for adapters that compute on the CPU: tfjs's programs share tiles between barriers, which those
 * emulate slowly. On GPUs tfjs's stay, but for integers, which they multiply as floats, and for more rows, columns or
 * matrices than their grids have room for.
 */
export const matMulWebgpu =
  (stock: KernelFunc): KernelFunc =>
  (call) => {
    const { a, b } = call.inputs as { a: TensorInfo; b: TensorInfo }
    const isWhole = a.dtype === 'int32' && b.dtype === 'int32'
    const isFloat = a.dtype === 'float32' && b.dtype === 'float32'
    const isEmpty = a.shape.includes(0) || b.shape.includes(0)
    const [batchA, batchB] = [a.shape.slice(0, -2), b.shape.slice(0, -2)]
    const isRepeated =
      util.sizeFromShape(batchA) === 1 || util.sizeFromShape(batchB) === 1 || util.arraysEqual(batchA, batchB)
    // A tile has at least 8 rows and columns, and each product is a layer.
    const { maxComputeWorkgroupsPerDimension: most } = (call.backend as WebGPUBackend).device.limits
    const isLarge = [...a.shape.slice(-2), ...b.shape.slice(-2)].some((size) => size > 8 * most)
    const isMany = Math.max(util.sizeFromShape(batchA), util.sizeFromShape(batchB)) > most
    const isFaster = isFloat && (variantOf(call.backend) === 'software' || isLarge || isMany)
    const isOurs = (isWhole || isFaster) && !isEmpty && isRepeated
    return (isOurs ? inRegisters.kernelFunc : stock)(call)
  }

const workgroupSize = 16

/** An invocation keeps 4 × 4 sums in registers. */
const inRegisters = webgpuKernel<Inputs, Transposes>('BatchMatMul', ({ a, b }, { transposeA, transposeB }, gpu) => {
  const [aHeight, aWidth] = tuple(a.shape.slice(-2), 2)
  const [bHeight, bWidth] = tuple(b.shape.slice(-2), 2)
  const [rows, depth] = transposeA ? [aWidth, aHeight] : [aHeight, aWidth]
  const columns = transposeB ? bHeight : bWidth
  const batch = broadcast_util.assertAndGetBroadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2))
  const products = util.sizeFromShape(batch)
  const [rowTiles, columnTiles] = [Math.ceil(rows / 4), Math.ceil(columns / 4)]
  const scalar = a.dtype === 'float32' ? ('f32' as const) : ('i32' as const)
  const y = gpu.output([...batch, rows, columns], a.dtype)
  gpu.run({
    label: 'BatchMatMul 4×4',
    reads: { a: [a, scalar], b: [b, scalar] },
    writes: { y: [y, scalar] },
    uniforms: {
      rows,
      columns,
      depth,
      products,
      rowTiles,
      columnTiles,
      // From product to product (a side may be repeated), row to row (column), and step to step of the depth.
      aProduct: a.size === aHeight * aWidth ? 0 : aHeight * aWidth,
      bProduct: b.size === bHeight * bWidth ? 0 : bHeight * bWidth,
      aRow: transposeA ? 1 : aWidth,
      aDepth: transposeA ? aWidth : 1,
      bColumn: transposeB ? bWidth : 1,
      bDepth: transposeB ? 1 : bWidth,
    },
    workgroupSize,
    workgroups: Math.ceil((products * rowTiles * columnTiles) / workgroupSize),
    code: () => /* wgsl */ `
fn run(workgroup : i32, local : i32) {
  let index = workgroup * ${workgroupSize} + local;
  let product = index / (uniforms.columnTiles * uniforms.rowTiles);
  if (product >= uniforms.products) { return; }
  let column = index % uniforms.columnTiles * 4;
  let row = index / uniforms.columnTiles % uniforms.rowTiles * 4;
  let atA = product * uniforms.aProduct + min(vec4<i32>(row) + vec4<i32>(0, 1, 2, 3), vec4<i32>(uniforms.rows - 1)) * uniforms.aRow;
  let atB = product * uniforms.bProduct + min(vec4<i32>(column) + vec4<i32>(0, 1, 2, 3), vec4<i32>(uniforms.columns - 1)) * uniforms.bColumn;
  ${[0, 1, 2, 3].map((lane) => `var sum${lane} = vec4<${scalar}>(0);`).join(' ')}
  for (var k = 0; k < uniforms.depth; k++) {
    let fromA = atA + k * uniforms.aDepth;
    let fromB = atB + k * uniforms.bDepth;
    let right = vec4<${scalar}>(b[fromB.x], b[fromB.y], b[fromB.z], b[fromB.w]);
    ${['x', 'y', 'z', 'w'].map((lane, index) => `sum${index} += a[fromA.${lane}] * right;`).join('\n    ')}
  }
  ${[0, 1, 2, 3].map((lane) => `store(product, row + ${lane}, column, sum${lane});`).join('\n  ')}
}

fn store(product : i32, row : i32, column : i32, sum : vec4<${scalar}>) {
  if (row >= uniforms.rows) { return; }
  let to = (product * uniforms.rows + row) * uniforms.columns + column;
  y[to] = sum.x;
  ${['y', 'z', 'w'].map((lane, index) => `if (column + ${index + 1} < uniforms.columns) { y[to + ${index + 1}] = sum.${lane}; }`).join('\n  ')}
}`,
  })
  return y
})
