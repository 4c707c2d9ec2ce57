import type { WebGPUBackend, WebGPUProgram } from '@tensorflow/tfjs-backend-webgpu'
import type { KernelFunc, TensorInfo } from '@tensorflow/tfjs-core'
import { flatDispatch } from './flat-dispatch.ts'

/**
 * Kernels that transpose their input. tfjs casts bool and int32 to float32 without touching the buffer, which stays one
 * of integers; its transposition alone copies from it without converting, and does not compile.
 */
export const transposingKernels: readonly string[] = ['Transpose', 'Max', 'Min', 'Prod', 'ArgMax', 'ArgMin', 'Cumsum']

/** The kernel, given floats where it is told that there are. */
export const ofRealFloats =
  (stock: KernelFunc): KernelFunc =>
  (call) => {
    const backend = call.backend as WebGPUBackend
    const { x } = call.inputs as { x: TensorInfo }
    if (x.dtype !== 'float32' || backend.tensorMap.get(x.dataId)?.dtype === 'float32') return stock(call)
    const floats = backend.runWebGPUProgram(conversion(x.shape), [x], 'float32')
    const y = stock({ ...call, inputs: { x: floats } })
    backend.disposeData(floats.dataId)
    return y
  }

const conversion = (shape: number[]): WebGPUProgram => ({
  variableNames: ['x'],
  ...flatDispatch(shape),
  shaderKey: 'realFloats',
  getUserCode: () => /* wgsl */ `
  fn main(index : i32) {
    if (index < uniforms.size) {
      result[index] = f32(x[index]);
    }
  }`,
})
