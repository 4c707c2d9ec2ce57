import { add, dispose, mul, type Tensor, tidy } from '@ddnet/ops'
import type { Tensors } from '@ddnet/optimizers'

/** The mean of the gradients of several batches, weighted by their sizes: the gradient of one batch of them all. */
export class GradientMean {
  #mean: Tensors | undefined
  #size = 0

  /** Takes the gradients over. */
  add(grads: Tensors, size: number): void {
    this.#size += size
    const mean = this.#mean
    if (mean === undefined) {
      this.#mean = grads
      return
    }
    const share = size / this.#size
    this.#mean = tidy(() =>
      Object.fromEntries(
        Object.entries(grads).map(([name, gradient]) => [
          name,
          add(mul(mean[name] as Tensor, 1 - share), mul(gradient, share)),
        ]),
      ),
    )
    dispose([...Object.values(mean), ...Object.values(grads)])
  }

  /** The mean, which the caller owns; the next one begins. */
  take(): Tensors {
    const mean = this.#mean ?? {}
    this.#mean = undefined
    this.#size = 0
    return mean
  }
}
