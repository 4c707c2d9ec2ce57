import { decodeSafetensors } from '@ddnet/formats'
import type { StateDict } from '@ddnet/layers'
import { DDNet } from '../ddnet.ts'
import { weights } from './weights.generated.ts'

/** A model that is trained, and what its images must go through. */
export interface Cifar10DDNet {
  readonly model: DDNet
  /** The names of the ten logits. */
  readonly classNames: readonly string[]
  /** Height and width of the images that it was trained on. */
  readonly size: number
  /** Pixels from 0 to 1 minus `mean`, over `std`, are the model's inputs: `[batch, size, size, 3]`, red, green, blue. */
  readonly mean: number
  readonly std: number
  /** Share of CIFAR-10's 10,000 test images that these weights, in float16 as they are shipped, name rightly. */
  readonly accuracy: number
}

/** What the file of the weights says of itself. */
export interface Cifar10Facts extends Omit<Cifar10DDNet, 'model'> {
  readonly channels: readonly number[]
}

/** The weights of `cifar10DDNet` as they are shipped, for a model of one's own: no backend is needed. */
export function cifar10Weights(): Cifar10Facts & { readonly tensors: StateDict } {
  const bytes = Uint8Array.from(atob(weights), (character) => character.charCodeAt(0))
  const { tensors, metadata } = decodeSafetensors(bytes)
  return { tensors, ...(JSON.parse(metadata['ddnet'] as string) as Cifar10Facts) }
}

/**
 * DDNet with the weights of the recipe "DDNet on CIFAR-10 in ten epochs" (docs/recipes/cifar10.md): channels of 48, 96 and 192, 438,298
 * parameters, which this package carries (880 kB, float16). It knows ten things: airplane, automobile, bird, cat, deer, dog, frog, horse, ship, truck.
 *
 * A backend must have been started. The caller disposes the model.
 *
 * @see https://www.cs.toronto.edu/~kriz/cifar.html
 * @example
 * const { model, classNames, mean, std } = cifar10DDNet()
 * const probabilities = softmax(model.predict(images)) // images: [batch, 32, 32, 3], (pixels − mean) / std
 */
export function cifar10DDNet(): Cifar10DDNet {
  const { tensors, channels, ...facts } = cifar10Weights()
  const model = new DDNet({ classes: facts.classNames.length, channels })
  model.loadStateDict(tensors)
  return { model, ...facts }
}
