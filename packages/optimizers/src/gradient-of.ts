import type { Tensor } from '@ddnet/ops'
import type { Tensors } from './optimizer.ts'

/** The gradient of one parameter, checked at this edge because names come from two sides. */
export function gradientOf(name: string, parameter: Tensor, grads: Tensors): Tensor {
  const gradient = grads[name]
  if (gradient === undefined) throw new Error(`optimizer: no gradient for parameter '${name}'.`)
  if (gradient.shape.join() !== parameter.shape.join()) {
    throw new Error(`optimizer: '${name}': expected a gradient of shape [${parameter.shape}], got [${gradient.shape}].`)
  }
  return gradient
}
