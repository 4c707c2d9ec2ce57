import type { AdamAttributes } from '@ddnet/ops'
import type { KernelConfig, NamedTensorInfoMap, TensorInfo } from '@tensorflow/tfjs-core'
import type { NodeJSKernelBackend } from '../vendor/tfjs-node.mjs'
import { backendName } from './kernel.ts'
import { Native } from './native.ts'

/**
 * Adam of one parameter or many, `parameter, gradient, m, v` for each, in twelve TensorFlow ops a parameter. TensorFlow's own
 * `ResourceApplyAdam` is one, but takes 1 − β₂ from a float32 β₂: 1.3e-5 off at 0.999.
 */
const adam = (kernelName: string): KernelConfig => ({
  kernelName,
  backendName,
  kernelFunc: ({ inputs, attrs, backend }) =>
    Native.run(backend as NodeJSKernelBackend, (native) =>
      updates(native, Object.values(inputs as NamedTensorInfoMap), attrs as unknown as AdamAttributes),
    ),
})

export const adamUpdate: KernelConfig = adam('adamUpdate')
export const adamUpdates: KernelConfig = adam('adamUpdates')

function updates(
  native: Native,
  inputs: readonly TensorInfo[],
  { learningRate, beta1, beta2, eps, weightDecay, decoupled, step }: AdamAttributes,
): number[] {
  const add = (a: number, b: number) => native.execute('AddV2', [a, b])
  const times = (x: number, factor: number) => native.execute('Mul', [x, factor])
  const decays = weightDecay !== 0
  // m̂ / (√v̂ + ε) with √v̂ = √v / c, multiplied by c above and below.
  const c = Math.sqrt(1 - beta2 ** step)
  const rate = native.scalar((learningRate * c) / (1 - beta1 ** step))
  const epsilon = native.scalar(c * eps)
  const [oldM, oldV, ofG, ofSquare] = [beta1, beta2, 1 - beta1, 1 - beta2].map((factor) => native.scalar(factor)) as [
    number,
    number,
    number,
    number,
  ]
  const decay = native.scalar(decoupled ? 1 - learningRate * weightDecay : weightDecay)
  const numbers = native.numbersOf(inputs)
  return Array.from({ length: numbers.length / 4 }, (_, index) => {
    const [parameter, gradient, m, v] = numbers.slice(4 * index) as [number, number, number, number]
    const decayed = decoupled && decays ? times(parameter, decay) : parameter
    const g = !decoupled && decays ? add(gradient, times(parameter, decay)) : gradient
    const newM = add(times(m, oldM), times(g, ofG))
    const newV = add(times(v, oldV), times(native.execute('Square', [g]), ofSquare))
    const denominator = add(native.execute('Sqrt', [newV]), epsilon)
    const direction = times(native.execute('RealDiv', [newM, denominator]), rate)
    return [native.execute('Sub', [decayed, direction]), newM, newV]
  }).flat()
}
