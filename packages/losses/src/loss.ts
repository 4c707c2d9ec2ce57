import type { Scalar, Tensor } from '@ddnet/ops'

/** What a model is trained to make small. */
export type Loss = (predictions: Tensor, targets: Tensor) => Scalar
