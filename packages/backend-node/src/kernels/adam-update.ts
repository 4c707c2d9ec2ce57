import type { AdamAttributes } from '@ddnet/ops'
import { itemAt, tuple } from '@ddnet/ops/checks'
import type { KernelConfig, TensorInfo } from '@tensorflow/tfjs-core'
import type { NodeJSKernelBackend } from '../vendor/tfjs-node.mjs'
import { backendName } from './kernel.ts'
import { Native } from './native.ts'

/**
 * Adam of one parameter or many, `parameter, gradient, m, v` for each, in twelve TensorFlow ops a parameter; all vectors
 * (biases, the weights of norms) are one. TensorFlow's own `ResourceApplyAdam` is one op, but takes 1 − β₂ from a float32 β₂:
 * 1.3e-5 off at 0.999.
 */
const adam = (kernelName: string): KernelConfig => ({
  kernelName,
  backendName,
  kernelFunc: ({ inputs, attrs, backend }) => {
    const tensors = Object.values(inputs as Record<string, TensorInfo>)
    return Native.run(backend as NodeJSKernelBackend, (native) => {
      const update = adamOf(native, attrs as unknown as AdamAttributes)
      const numbers = native.numbersOf(tensors)
      const parameters = Array.from({ length: tensors.length / 4 }, (_, index) => ({
        shape: itemAt(tensors, 4 * index).shape,
        slots: numbers.slice(4 * index, 4 * index + 4),
      }))
      const vectors = parameters.filter(({ shape }) => shape.length === 1)
      const sizes = vectors.map(({ shape }) => itemAt(shape, 0))
      const joined =
        vectors.length > 1
          ? update([0, 1, 2, 3].map((slot) => native.concat(vectors.map(({ slots }) => itemAt(slots, slot))))).map(
              (vector) => native.split(vector, sizes),
            )
          : []
      return parameters.flatMap((parameter) => {
        const index = vectors.indexOf(parameter)
        return joined.length > 0 && index !== -1 ? joined.map((parts) => itemAt(parts, index)) : update(parameter.slots)
      })
    })
  },
})

export const adamUpdate: KernelConfig = adam('adamUpdate')
export const adamUpdates: KernelConfig = adam('adamUpdates')

/** From `[parameter, gradient, m, v]` to `[parameter, m, v]`. */
function adamOf(
  native: Native,
  { learningRate, beta1, beta2, eps, weightDecay, decoupled, step }: AdamAttributes,
): (slots: readonly number[]) => number[] {
  const add = (a: number, b: number) => native.execute('AddV2', [a, b])
  const times = (x: number, factor: number) => native.execute('Mul', [x, factor])
  const decays = weightDecay !== 0
  const decay = decays ? native.scalar(decoupled ? 1 - learningRate * weightDecay : weightDecay) : Number.NaN
  const [ofM, ofG, ofV, ofSquare] = tuple(
    [beta1, 1 - beta1, beta2, 1 - beta2].map((factor) => native.scalar(factor)),
    4,
  )
  // m̂ / (√v̂ + ε) with √v̂ = √v / c, multiplied by c above and below.
  const c = Math.sqrt(1 - beta2 ** step)
  const [rate, epsilon] = [native.scalar((learningRate * c) / (1 - beta1 ** step)), native.scalar(c * eps)]
  return (slots) => {
    const [parameter, gradient, m, v] = tuple(slots, 4)
    const decayed = decays && decoupled ? times(parameter, decay) : parameter
    const g = decays && !decoupled ? add(gradient, times(parameter, decay)) : gradient
    const newM = add(times(m, ofM), times(g, ofG))
    const newV = add(times(v, ofV), times(native.execute('Square', [g]), ofSquare))
    const denominator = add(native.execute('Sqrt', [newV]), epsilon)
    const direction = times(native.execute('RealDiv', [newM, denominator]), rate)
    return [native.execute('Sub', [decayed, direction]), newM, newV]
  }
}
