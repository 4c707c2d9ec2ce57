import type { WebGPUBackend, WebGPUProgram } from '@tensorflow/tfjs-backend-webgpu'
import { backend_util, type KernelFunc, type TensorInfo, util } from '@tensorflow/tfjs-core'
import { flatDispatch } from './flat-dispatch.ts'

/** Reductions that move the reduced axes to the end first. */
export const movingKernels: readonly string[] = ['Max', 'Min', 'Prod', 'ArgMax', 'ArgMin', 'All', 'Any']

/** Transposition of int32 and bool, as a copy; the stock kernel writes floats alone, and does not compile. */
export const transposeOfIntegers =
  (stock: KernelFunc): KernelFunc =>
  (call) => {
    const { x } = call.inputs as { x: TensorInfo }
    if (x.dtype === 'float32') return stock(call)
    return transposed(call.backend as WebGPUBackend, x, (call.attrs as unknown as { perm: number[] }).perm)
  }

/** A reduction of int32 and bool over axes that are not the last, which the stock kernel transposes as floats. */
export const reduceIntegers =
  (stock: KernelFunc): KernelFunc =>
  (call) => {
    const { x } = call.inputs as { x: TensorInfo }
    const { axis, reductionIndices, keepDims } = call.attrs as unknown as Reduction
    const axes = util.parseAxisParam(reductionIndices ?? axis ?? [], x.shape)
    const permutation = backend_util.getAxesPermutation(axes, x.shape.length)
    if (x.dtype === 'float32' || permutation === null) return stock(call)
    const backend = call.backend as WebGPUBackend
    const moved = transposed(backend, x, permutation)
    const last = backend_util.getInnerMostAxes(axes.length, x.shape.length)
    const attrs = { ...call.attrs, axis: last, reductionIndices: last, keepDims: false }
    const y = stock({ inputs: { x: moved }, attrs, backend }) as TensorInfo
    backend.disposeData(moved.dataId)
    return { ...y, shape: keepDims === true ? backend_util.expandShapeToKeepDim(y.shape, axes) : y.shape }
  }

interface Reduction {
  readonly axis?: number | number[]
  readonly reductionIndices?: number | number[]
  readonly keepDims?: boolean
}

function transposed(backend: WebGPUBackend, x: TensorInfo, permutation: readonly number[]): TensorInfo {
  const shape = permutation.map((axis) => x.shape[axis] as number)
  if (util.sizeFromShape(shape) === 0) return backend.makeTensorInfo(shape, x.dtype)
  return backend.runWebGPUProgram(program(x.shape, shape, permutation), [x], x.dtype)
}

function program(from: readonly number[], to: number[], permutation: readonly number[]): WebGPUProgram {
  // How far each axis of the result steps in x.
  const steps = permutation.map((axis) => util.sizeFromShape(from.slice(axis + 1)))
  const lines = to.map((size, axis) => `at += (rest % ${size}) * ${steps[axis]}; rest /= ${size};`)
  return {
    variableNames: ['x'],
    ...flatDispatch(to),
    shaderKey: `transposeIntegers_${from}_${permutation}`,
    getUserCode: () => /* wgsl */ `
  fn main(index : i32) {
    if (index >= uniforms.size) { return; }
    var rest = index;
    var at = 0;
    ${lines.reverse().join('\n    ')}
    result[index] = x[at];
  }`,
  }
}
