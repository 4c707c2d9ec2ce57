import { relu, type Tensor } from '@ddnet/ops'
import { itemAt } from '@ddnet/ops/checks'
import { ReLU } from './activations.ts'
import type { Layer } from './module.ts'

/** A layer whose kernel can apply an activation to its result. */
interface Fusible {
  /** As `forward`, then the activation. */
  forwardWith(x: Tensor, activation: 'relu'): Tensor
}

/**
 * Runs `x` through layers, modules and functions alike, and passes by what is undefined. Where a layer's kernel can compute the
 * next one too, the two run as one: a convolution or norm and the `relu` of `@ddnet/ops` or a `ReLU`. A layer that is observed, or
 * whose `forward` somebody replaced, runs by itself.
 *
 * @example pipe(x, this.conv, this.norm, relu)
 */
export function pipe(x: Tensor, ...layers: readonly (Layer | undefined)[]): Tensor {
  const path = layers.filter((layer) => layer !== undefined)
  let y = x
  for (let at = 0; at < path.length; at++) {
    const layer = itemAt(path, at)
    if (isFusible(layer) && isRelu(path[at + 1])) {
      y = layer.forwardWith(y, 'relu')
      at++
    } else {
      y = typeof layer === 'function' ? layer(y) : layer.forward(y)
    }
  }
  return y
}

/** Whether `forward` is still the one that `forwardWith` goes with. */
const isFusible = (layer: Layer): layer is Layer & Fusible =>
  typeof layer === 'object' && 'forwardWith' in layer && owner(layer, 'forward') === owner(layer, 'forwardWith')

const isRelu = (layer: Layer | undefined): boolean =>
  layer === relu || (layer instanceof ReLU && owner(layer, 'forward') === ReLU.prototype)

/** Where on its chain of prototypes an object finds a property. */
function owner(object: object, name: string): object | null {
  let holder: object | null = object
  while (holder !== null && !Object.hasOwn(holder, name)) holder = Object.getPrototypeOf(holder)
  return holder
}
