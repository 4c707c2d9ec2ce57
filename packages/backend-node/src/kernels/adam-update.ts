import type { AdamAttributes } from '@ddnet/ops'
import type { KernelConfig, Tensor } from '@tensorflow/tfjs-core'
import type { NodeJSKernelBackend } from '../vendor/tfjs-node.mjs'
import { backendName } from './kernel.ts'
import { Native } from './native.ts'

type Inputs = Record<'parameter' | 'gradient' | 'm' | 'v', Tensor>

/**
 * Adam in twelve TensorFlow ops, called without the engine in between. TensorFlow's own `ResourceApplyAdam` is one, but
 * takes 1 − β₂ from a float32 β₂: 1.3e-5 off at 0.999.
 */
export const adamUpdate: KernelConfig = {
  kernelName: 'adamUpdate',
  backendName,
  kernelFunc: ({ inputs, attrs, backend }) => {
    const { parameter, gradient, m, v } = inputs as unknown as Inputs // operators' inputs are Tensors
    const { learningRate, beta1, beta2, eps, weightDecay, decoupled, step } = attrs as unknown as AdamAttributes
    return Native.run(backend as NodeJSKernelBackend, parameter.shape, (native) => {
      const [theta, dtheta, oldM, oldV] = native.numbersOf([parameter, gradient, m, v]) as [
        number,
        number,
        number,
        number,
      ]
      const add = (a: number, b: number) => native.execute('AddV2', [a, b])
      const times = (x: number, factor: number) => native.execute('Mul', [x, native.scalar(factor)])
      const decayed = decoupled && weightDecay !== 0 ? times(theta, 1 - learningRate * weightDecay) : theta
      const g = !decoupled && weightDecay !== 0 ? add(dtheta, times(theta, weightDecay)) : dtheta
      const newM = add(times(oldM, beta1), times(g, 1 - beta1))
      const newV = add(times(oldV, beta2), times(native.execute('Square', [g]), 1 - beta2))
      // m̂ / (√v̂ + ε) with √v̂ = √v / c, multiplied by c above and below.
      const c = Math.sqrt(1 - beta2 ** step)
      const denominator = add(native.execute('Sqrt', [newV]), native.scalar(c * eps))
      const direction = times(native.execute('RealDiv', [newM, denominator]), (learningRate * c) / (1 - beta1 ** step))
      return [native.execute('Sub', [decayed, direction]), newM, newV]
    })
  },
}
