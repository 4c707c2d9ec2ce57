import type { Scalar, Tensor, Tensor1D, Tensor2D, Tensor3D, Tensor4D, Tensor5D } from '@tensorflow/tfjs-core'

/** Tensors by their number of axes. */
export interface Ranked {
  0: Scalar
  1: Tensor1D
  2: Tensor2D
  3: Tensor3D
  4: Tensor4D
  5: Tensor5D
}

/** A tensor of the shape `S`: of its rank where the type of the shape tells it, as that of `[batch, 10]` does. */
export type TensorOf<S extends readonly number[]> = S['length'] extends keyof Ranked ? Ranked[S['length']] : Tensor

/** What `A` and `B` broadcast to: the higher rank where the types tell both. */
export type Broadcast<A extends Tensor, B extends Tensor> = Tensor extends A
  ? Tensor
  : Tensor extends B
    ? Tensor
    : Higher<A, B, [Tensor5D, Tensor4D, Tensor3D, Tensor2D, Tensor1D, Scalar]>

type Higher<A, B, Ranks> = Ranks extends [infer Rank, ...infer Lower]
  ? A extends Rank
    ? A
    : B extends Rank
      ? B
      : Higher<A, B, Lower>
  : Tensor
