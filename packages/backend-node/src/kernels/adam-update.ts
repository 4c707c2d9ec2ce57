import type { AdamAttributes } from '@ddnet/ops'
import { type KernelConfig, scalar, type Tensor } from '@tensorflow/tfjs-core'
import { kernel } from './kernel.ts'

type Inputs = Record<'parameter' | 'gradient' | 'm' | 'v', Tensor>

/**
 * Adam in twelve TensorFlow ops, called without the engine in between. TensorFlow's own `ResourceApplyAdam` is one, but
 * takes 1 − β₂ from a float32 β₂: 1.3e-5 off at 0.999.
 */
export const adamUpdate: KernelConfig = kernel<Inputs, AdamAttributes>(
  'adamUpdate',
  ({ execute }, { parameter, gradient, m, v }, attributes) => {
    const { learningRate, beta1, beta2, eps, weightDecay, decoupled, step } = attributes
    const add = (a: Tensor, b: Tensor) => execute('AddV2', [a, b])
    const times = (x: Tensor, factor: number) => execute('Mul', [x, scalar(factor)])
    const decayed = decoupled && weightDecay !== 0 ? times(parameter, 1 - learningRate * weightDecay) : parameter
    const g = !decoupled && weightDecay !== 0 ? add(gradient, times(parameter, weightDecay)) : gradient
    const newM = add(times(m, beta1), times(g, 1 - beta1))
    const newV = add(times(v, beta2), times(execute('Square', [g]), 1 - beta2))
    // m̂ / (√v̂ + ε) with √v̂ = √v / c, multiplied by c above and below.
    const c = Math.sqrt(1 - beta2 ** step)
    const denominator = add(execute('Sqrt', [newV]), scalar(c * eps))
    const direction = execute('RealDiv', [newM, denominator])
    return [execute('Sub', [decayed, times(direction, (learningRate * c) / (1 - beta1 ** step))]), newM, newV]
  },
)
