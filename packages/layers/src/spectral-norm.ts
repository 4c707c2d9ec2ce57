import {
  clone,
  detach,
  div,
  type Key,
  matMul,
  maximum,
  mul,
  norm,
  random,
  reshape,
  sum,
  type Tensor,
  transpose,
} from '@ddnet/ops'
import { itemAt } from '@ddnet/ops/checks'
import type { Module } from './module.ts'
import { Buffer, Parameter } from './parameter.ts'
import { currentPass } from './pass.ts'
import { toTorchOrder } from './weight-layout.ts'

export interface SpectralNormOptions {
  /** How many power iterations a training pass makes: 1 by default. */
  readonly iterations?: number
  /** The least that vectors are divided by. */
  readonly eps?: number
}

/**
 * Divides the weight of a layer by its largest singular value, `W / σ` with `σ = uᵀ W v`, so that the layer changes distances by no more than a
 * factor of 1. W is the weight in PyTorch's layout as a matrix, its outputs against all others. A training pass improves u and v, which are
 * buffers, by `u ← W v / |W v|`, `v ← Wᵀ u / |Wᵀ u|`, and they are constants to the gradient.
 *
 * In checkpoints, as in PyTorch, the weight is `parametrizations.weight.original`, and the vectors are `parametrizations.weight.0._u` and `._v`.
 *
 * @param layer a convolution, transposed convolution, `Linear` or `Embedding` without values yet, which is changed
 * @returns the same layer
 * @throws RangeError for a layer without such a weight or with spectralNorm already, and for iterations below 1
 * @see torch.nn.utils.parametrizations.spectral_norm; Miyato et al. 2018, "Spectral normalization for generative adversarial networks"
 * @example const head = spectralNorm(new Linear(128, 1))
 */
export function spectralNorm<L extends Module & { weight?: Parameter }>(
  layer: L,
  options: SpectralNormOptions = {},
): L {
  const { iterations = 1, eps = 1e-12 } = options
  const original = layer.weight
  if (original instanceof NormalizedWeight) {
    throw new RangeError(
      `spectralNorm: expected a layer that is not normalised yet, got ${layer.constructor.name} again.`,
    )
  }
  if (original?.layout === undefined) {
    throw new RangeError(
      `spectralNorm: expected a layer with a weight of several axes, such as a Conv2d or Linear, got ${layer.constructor.name}.`,
    )
  }
  if (!Number.isInteger(iterations) || iterations < 1) {
    throw new RangeError(`spectralNorm: expected iterations of at least 1, got ${iterations}.`)
  }
  const rows = itemAt(original.torchShape, original.layout === 'transposedFilter' ? 1 : 0)
  const columns = original.shape.reduce((product, size) => product * size, 1) / rows
  const matrix = (): Tensor => asMatrix(original.value, original, rows)
  const u: Buffer = new Buffer([rows], {
    // Drawn behind the weight, in the order of the fields, of which it becomes the first singular vector: 15 iterations, as in PyTorch.
    init: (key: Key) => iterate(matrix(), unit(random.normal(key, [columns]), eps), 15, eps).u,
  })
  const v: Buffer = new Buffer([columns], { init: () => unit(times(transpose(matrix()), u.value), eps) })
  const weight = new NormalizedWeight(original, { matrix, u, v, iterations, eps })
  // Own and enumerable are the fields that names come from.
  Object.defineProperty(layer, 'weight', { value: weight, enumerable: false, configurable: true })
  Object.assign(layer, { parametrizations: { weight: { original } } })
  // A field of its own with a dot in its name: in one record with `original` the number would come first, and be drawn first.
  Object.assign(layer, { 'parametrizations.weight': [{ _u: u, _v: v }] })
  return layer
}

interface Power {
  readonly matrix: () => Tensor
  readonly u: Buffer
  readonly v: Buffer
  readonly iterations: number
  readonly eps: number
}

/** The weight as the layer's forward pass sees it. It has no value of its own. */
class NormalizedWeight extends Parameter {
  readonly #original: Parameter
  readonly #power: Power

  constructor(original: Parameter, power: Power) {
    super(original.shape, original.layout ? { layout: original.layout } : {})
    this.#original = original
    this.#power = power
  }

  override get ready(): boolean {
    return this.#original.ready
  }

  override get value(): Tensor {
    const { matrix, iterations, eps, ...vectors } = this.#power
    const { training, updates } = currentPass()
    const whole = matrix()
    let [u, v] = [vectors.u, vectors.v].map((buffer) => updates?.valueOf(buffer) ?? buffer.value) as [Tensor, Tensor]
    if (training && !vectors.u.frozen) {
      const next = iterate(detach(whole), v, iterations, eps)
      ;({ u, v } = next)
      updates?.set(vectors.u, clone(u)) // the gradient needs these, and another call replaces those
      updates?.set(vectors.v, clone(v))
    }
    return div(this.#original.value, sum(mul(u, times(whole, v))))
  }
}

/** A weight as `[rows, columns]`, in PyTorch's order with the outputs first. */
function asMatrix(weight: Tensor, { layout }: Parameter, rows: number): Tensor {
  const order = toTorchOrder(layout, weight.rank)
  if (layout === 'transposedFilter') order.splice(0, 2, itemAt(order, 1), itemAt(order, 0))
  return reshape(layout === 'linear' ? weight : transpose(weight, order), [rows, -1])
}

function iterate(matrix: Tensor, start: Tensor, iterations: number, eps: number): { u: Tensor; v: Tensor } {
  let [u, v] = [start, start]
  for (let at = 0; at < iterations; at++) {
    u = unit(times(matrix, v), eps)
    v = unit(times(transpose(matrix), u), eps)
  }
  return { u, v }
}

/** Matrix times vector. */
const times = (matrix: Tensor, vector: Tensor): Tensor => reshape(matMul(matrix, reshape(vector, [-1, 1])), [-1])

const unit = (x: Tensor, eps: number): Tensor => div(x, maximum(norm(x), eps))
