import type { Tensor } from '@tensorflow/tfjs-core'
import * as tf from '@tensorflow/tfjs-core'

/** Zeros of the shape of `x`, float32: a constant to differentiation. */
export const zerosLike = <T extends Tensor>(x: T): T => tf.zeros(x.shape, 'float32') as T

/** Ones of the shape of `x`, float32: a constant to differentiation. */
export const onesLike = <T extends Tensor>(x: T): T => tf.ones(x.shape, 'float32') as T
