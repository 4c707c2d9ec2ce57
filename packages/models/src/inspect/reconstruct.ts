import type { ModuleOf } from '@ddnet/layers'
import {
  adamUpdate,
  add,
  dispose,
  div,
  type Key,
  mean,
  mul,
  random,
  type Scalar,
  slice,
  square,
  sub,
  sum,
  type Tensor,
  tidy,
  valueAndGrads,
  zeros,
} from '@ddnet/ops'
import { entryOf, tuple } from '@ddnet/ops/checks'
import { featureMaps } from './feature-maps.ts'

export interface ReconstructOptions {
  /** Dotted name of the layer whose output is all that is known of the images. */
  readonly layer: string
  /** Of the noise that the search starts from. */
  readonly key?: Key
  readonly steps?: number
  readonly learningRate?: number
  /** Weight of the squared differences of neighbouring pixels: larger is smoother. */
  readonly smoothness?: number
}

/**
 * Images that a layer takes for the given ones: what it has kept of them. From noise, Adam minimises
 * `‖Φ(x) − Φ(image)‖² / ‖Φ(image)‖² + smoothness · mean (difference of neighbours)²`, with Φ the layer's output.
 * What comes back is one of many images that the layer cannot tell apart, chosen to be smooth.
 *
 * @param images `[batch, height, width, channels]`, prepared as in training
 * @returns images in the same units, not clamped; the caller disposes them
 * @throws RangeError for an unknown layer
 * @see Mahendran & Vedaldi 2015, "Understanding Deep Image Representations by Inverting Them"
 * @example reconstruct(model, images, { layer: 'encoder.1' })
 */
export function reconstruct(
  model: ModuleOf<[images: Tensor], unknown>,
  images: Tensor,
  { layer, key = random.key(0), steps = 200, learningRate = 0.05, smoothness = 0.01 }: ReconstructOptions,
): Tensor {
  return tidy(() => {
    const features = (x: Tensor): Tensor => entryOf(featureMaps(model, x, [layer]), layer)
    const target = features(images)
    const axes = target.shape.map((_, axis) => axis).slice(1)
    const energy = add(sum(square(target), axes), 1e-12) // [batch]; a silent layer must not divide by zero
    const loss = (x: Tensor): Scalar => {
      const distance = div(sum(square(sub(features(x), target)), axes), energy)
      return add(sum(distance), mul(smoothness, roughness(x))) as Scalar
    }
    const shape = images.shape
    let state: [Tensor, Tensor, Tensor] = [mul(random.normal(key, shape), 0.1), zeros(shape), zeros(shape)]
    for (let step = 1; step <= steps; step++) {
      const [parameter, m, v] = state
      state = tidy(() => {
        const [gradient] = tuple(valueAndGrads(() => loss(parameter), [parameter]).grads, 1)
        const attributes = { learningRate, beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: 0, decoupled: false, step }
        return tuple(adamUpdate({ parameter, gradient, m, v }, attributes), 3)
      })
      dispose([parameter, m, v])
    }
    return state[0]
  })
}

/** Squared differences of neighbours: the mean over an image, summed over the batch. */
function roughness(x: Tensor): Tensor {
  const [batch, height, width, channels] = x.shape as [number, number, number, number]
  const part = (top: number, left: number): Tensor =>
    slice(x, [0, top, left, 0], [batch, height - 1, width - 1, channels])
  const corner = part(0, 0)
  const differences = add(square(sub(part(1, 0), corner)), square(sub(part(0, 1), corner)))
  return mul(mean(differences), batch)
}
