import { add, square, sum, type Tensor, tidy, valueAndGrads } from '@ddnet/ops'

/** The gradient penalty `Σ_x ‖∂⟨f, dy⟩/∂x‖²`; differentiating it takes second derivatives of `f`. */
export const penalty = (f: () => Tensor, xs: readonly Tensor[], dy: Tensor): Tensor =>
  tidy(() =>
    valueAndGrads(f, xs, dy)
      .grads.map((gradient) => sum(square(gradient)))
      .reduce((total, each) => add(total, each)),
  )
