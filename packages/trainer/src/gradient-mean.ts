import { add, clone, dispose, div, greater, maximum, mul, type Scalar, sub, type Tensor, tidy, where } from '@ddnet/ops'
import type { Tensors } from '@ddnet/optimizers'
import type { PartGradients } from './compute-gradients.ts'
import type { LossPart } from './loss-part.ts'

/** The gradient of one large batch from those of its parts: of each loss the mean by its weights, or the sum; then their sum. */
export class GradientMeans {
  readonly #means = new Map<string, GradientMean>()

  /** Takes the gradients over; the weights stay the caller's. */
  add(parts: readonly PartGradients[]): void {
    for (const { name, grads, weight } of parts) {
      const mean = this.#means.get(name) ?? new GradientMean()
      this.#means.set(name, mean)
      mean.add(grads, weight)
    }
  }

  /** The gradients, which the caller owns; the next ones begin. */
  take(): Tensors {
    const means = [...this.#means.values()].map((mean) => mean.take())
    this.#means.clear()
    const [only = {}] = means
    if (means.length <= 1) return only
    const total = tidy(() => means.reduce((sum, grads) => combine(sum, grads, sumOf)))
    dispose(means.flatMap((grads) => Object.values(grads)))
    return total
  }
}

/** Of one loss. */
class GradientMean {
  #mean: Tensors | undefined
  #weight: LossPart['weight'] = 0
  #parts = 0

  add(grads: Tensors, weight: LossPart['weight']): void {
    const [mean, before] = [this.#mean, this.#weight]
    this.#parts++
    if (mean === undefined) {
      this.#mean = grads
      this.#weight = typeof weight === 'object' ? clone(weight) : weight
      return
    }
    if ((before === 'sum') !== (weight === 'sum')) {
      throw new Error('accumulate: a loss was a sum of one batch and a mean of another. Keep to one of them.')
    }
    const next = tidy(() => {
      if (before === 'sum' || weight === 'sum') return { mean: combine(mean, grads, sumOf), total: 'sum' as const }
      const total = plus(before, weight)
      const share = shareOf(weight, total)
      const first = this.#parts === 2 ? counted(mean, before) : mean
      return { mean: combine(first, counted(grads, weight), (a, b) => towards(a, b, share)), total }
    })
    dispose([...Object.values(mean), ...Object.values(grads)])
    if (typeof before === 'object') before.dispose()
    this.#mean = next.mean
    this.#weight = next.total
  }

  take(): Tensors {
    if (typeof this.#weight === 'object') this.#weight.dispose()
    return this.#mean ?? {}
  }
}

type Weight = Scalar | number

/** By name; where one has no gradient, it depends on nothing there. */
function combine(a: Tensors, b: Tensors, of: (a: Tensor | undefined, b: Tensor | undefined) => Tensor): Tensors {
  const names = [...new Set([...Object.keys(a), ...Object.keys(b)])]
  return Object.fromEntries(names.map((name) => [name, of(a[name], b[name])]))
}

const sumOf = (a: Tensor | undefined, b: Tensor | undefined): Tensor =>
  a !== undefined && b !== undefined ? add(a, b) : clone((a ?? b) as Tensor)

const plus = (a: Weight, b: Weight): Weight => (typeof a === 'number' && typeof b === 'number' ? a + b : add(a, b))

/** 0 of nothing. */
function shareOf(weight: Weight, total: Weight): Weight {
  if (typeof weight === 'number' && typeof total === 'number') return total === 0 ? 0 : weight / total
  return div(weight, maximum(total, 1e-30))
}

/** `a + share · (b − a)` */
function towards(a: Tensor | undefined, b: Tensor | undefined, share: Weight): Tensor {
  if (b === undefined) return mul(a as Tensor, typeof share === 'number' ? 1 - share : sub(1, share))
  return a === undefined ? mul(b, share) : add(a, mul(sub(b, a), share))
}

/** Zeros instead of the gradients of a batch of weight 0: those of a mean of nothing may be NaN. */
function counted(grads: Tensors, weight: Weight): Tensors {
  if (typeof weight === 'number' && weight > 0) return grads
  const counts = greater(weight, 0)
  return Object.fromEntries(Object.entries(grads).map(([name, gradient]) => [name, where(counts, gradient, 0)]))
}
