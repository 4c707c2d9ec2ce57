import {
  type AttentionOptions,
  dropout,
  eye,
  linear,
  logicalAnd,
  logicalNot,
  matMul,
  mean,
  reshape,
  ShapeError,
  scaledDotProductAttention,
  slice,
  split,
  type Tensor,
  tensor,
  tidy,
  transpose,
  where,
} from '@ddnet/ops'
import { itemAt, tuple } from '@ddnet/ops/checks'
import { xavierUniform, zeros } from './initializers.ts'
import { Linear } from './linear.ts'
import { Module } from './module.ts'
import { Parameter } from './parameter.ts'
import { currentPass } from './pass.ts'

export interface MultiheadAttentionConfig {
  /** Whether the four projections have biases: true by default. */
  readonly bias?: boolean
  /** The probability that a weight is dropped in training. */
  readonly dropout?: number
  /** How many features keys and values have, where they are not the queries'. */
  readonly keyFeatures?: number
  readonly valueFeatures?: number
}

export interface AttentionMasks {
  /** bool `[batch, keys]`, true for what is padding and takes no part, as in PyTorch. */
  readonly keyPaddingMask?: Tensor
  /**
   * Broadcasts to `[batch, heads, length, keys]`: bool, true where a key takes part, as in `scaledDotProductAttention` (PyTorch's module means
   * the contrary, its function the same), or float32, added to the scores.
   */
  readonly mask?: Tensor
  /** Query i sees the keys 0 … i alone. */
  readonly causal?: boolean
}

/**
 * Attention by several heads: `concat(head₁ … headₙ) · out_projᵀ`, each `softmax(q kᵀ / √d) v` of its part of the projected queries, keys and
 * values: `[batch, length, features]`, `[batch, keys, keyFeatures]`, `[batch, keys, valueFeatures] → [batch, length, features]`, as PyTorch's with
 * `batch_first`. Weights begin as PyTorch's: Xavier's for the inputs, zeros for biases. A query that no key takes part in gives the output
 * projection of zeros, where PyTorch gives NaN.
 *
 * @see torch.nn.MultiheadAttention; Vaswani et al. 2017, "Attention is all you need"
 * @example attention.forward(tokens, tokens, tokens, { causal: true })
 */
export class MultiheadAttention extends Module {
  // PyTorch's names, since they are the checkpoint's.
  declare readonly in_proj_weight?: Parameter
  declare readonly q_proj_weight?: Parameter
  declare readonly k_proj_weight?: Parameter
  declare readonly v_proj_weight?: Parameter
  declare readonly in_proj_bias?: Parameter
  readonly out_proj: Linear

  /** @throws RangeError unless heads divide the features, and for a rate of dropout outside of [0, 1] */
  constructor(
    readonly features: number,
    readonly heads: number,
    readonly config: MultiheadAttentionConfig = {},
  ) {
    super()
    const { bias = true, dropout: rate = 0, keyFeatures = features, valueFeatures = features } = config
    if (!Number.isInteger(heads) || heads < 1 || features % heads !== 0) {
      throw new RangeError(`MultiheadAttention: expected heads to divide the ${features} features, got ${heads}.`)
    }
    if (!(rate >= 0 && rate <= 1)) {
      throw new RangeError(`MultiheadAttention: expected dropout in [0, 1], got ${rate}.`)
    }
    const weight = (outputs: number, inputs: number) =>
      new Parameter([outputs, inputs], { init: xavierUniform(), layout: 'linear' })
    if (keyFeatures === features && valueFeatures === features) {
      this.in_proj_weight = weight(3 * features, features)
    } else {
      this.q_proj_weight = weight(features, features)
      this.k_proj_weight = weight(features, keyFeatures)
      this.v_proj_weight = weight(features, valueFeatures)
    }
    if (bias) this.in_proj_bias = new Parameter([3 * features], { init: zeros })
    this.out_proj = new Linear(features, features, { bias, biasInit: zeros })
  }

  /** @throws ShapeError if shapes or masks do not fit */
  override forward(query: Tensor, key: Tensor = query, value: Tensor = key, masks: AttentionMasks = {}): Tensor {
    const { features } = this
    const { dropout: rate = 0, keyFeatures = features, valueFeatures = features } = this.config
    expectTokens({ query, key, value }, { query: features, key: keyFeatures, value: valueFeatures })
    const [q, k, v] = this.#project(query, key, value)
    const pass = currentPass()
    const options = maskOption(query, key, masks)
    const found =
      pass.training && rate > 0
        ? matMul(dropout(weightsOf(q, k, options), { rate, key: pass.keyOf(this) }), v)
        : scaledDotProductAttention(q, k, v, options)
    const [batch, heads, length, size] = tuple(found.shape, 4)
    return this.out_proj.forward(reshape(transpose(found, [0, 2, 1, 3]), [batch, length, heads * size]))
  }

  /**
   * How much of each value each query takes, averaged over the heads, without dropout: `[batch, length, keys]`, PyTorch's second result.
   *
   * @throws ShapeError if shapes or masks do not fit
   */
  weights(query: Tensor, key: Tensor = query, masks: AttentionMasks = {}): Tensor {
    expectTokens({ query, key }, { query: this.features, key: this.config.keyFeatures ?? this.features })
    return tidy(() => {
      const [q, k] = [this.#projectOne(0, query), this.#projectOne(1, key)]
      return mean(weightsOf(q, k, maskOption(query, key, masks)), 1)
    })
  }

  #project(query: Tensor, key: Tensor, value: Tensor): [Tensor, Tensor, Tensor] {
    const { in_proj_weight: weight, in_proj_bias: bias } = this
    if (weight === undefined || query !== key || key !== value) {
      return [this.#projectOne(0, query), this.#projectOne(1, key), this.#projectOne(2, value)]
    }
    const parts = split(linear(query, weight.value, bias?.value), this.features, 2) // one product for all three
    return tuple(
      parts.map((part) => this.#toHeads(part)),
      3,
    )
  }

  /** Queries (0), keys (1) or values (2): `[batch, heads, length, features / heads]`. */
  #projectOne(part: 0 | 1 | 2, x: Tensor): Tensor {
    const { features, in_proj_weight: all, in_proj_bias: bias } = this
    const own = [this.q_proj_weight, this.k_proj_weight, this.v_proj_weight][part]
    const weight = own?.value ?? slice((all as Parameter).value, [part * features, 0], [features, features]) // one of the two is there
    return this.#toHeads(linear(x, weight, bias && slice(bias.value, [part * features], [features])))
  }

  #toHeads(x: Tensor): Tensor {
    const [batch, length, features] = tuple(x.shape, 3)
    return transpose(reshape(x, [batch, length, this.heads, features / this.heads]), [0, 2, 1, 3])
  }
}

/** The softmax alone, `[batch, heads, length, keys]`: what attention makes of the rows of the identity. */
const weightsOf = (q: Tensor, k: Tensor, options: AttentionOptions): Tensor =>
  scaledDotProductAttention(q, k, eye(itemAt(k.shape, 2)), options)

function expectTokens(tokens: Readonly<Record<string, Tensor>>, features: Readonly<Record<string, number>>): void {
  for (const [name, { shape }] of Object.entries(tokens)) {
    if (shape.length === 3 && shape[2] === features[name]) continue
    throw new ShapeError(`MultiheadAttention: expected ${name} [batch, length, ${features[name]}], got [${shape}].`)
  }
}

/** All masks as one, by the operator's rules. */
function maskOption(
  query: Tensor,
  key: Tensor,
  { keyPaddingMask, mask, causal = false }: AttentionMasks,
): AttentionOptions {
  const [batch, length, keys] = [itemAt(key.shape, 0), itemAt(query.shape, 1), itemAt(key.shape, 1)]
  if (
    keyPaddingMask !== undefined &&
    (keyPaddingMask.dtype !== 'bool' || keyPaddingMask.shape.join() !== `${batch},${keys}`)
  ) {
    throw new ShapeError(
      `MultiheadAttention: expected keyPaddingMask as bool [${batch}, ${keys}], true for padding, got ${keyPaddingMask.dtype} [${keyPaddingMask.shape}].`,
    )
  }
  if (causal && keyPaddingMask === undefined && mask === undefined) return { causal }
  const kept: Tensor[] = []
  if (keyPaddingMask) kept.push(reshape(logicalNot(keyPaddingMask), [batch, 1, 1, keys]))
  if (causal) kept.push(before(length, keys))
  if (mask?.dtype === 'bool') kept.push(mask)
  const takesPart = kept.reduce<Tensor | undefined>((all, each) => (all ? logicalAnd(all, each) : each), undefined)
  if (mask === undefined || mask.dtype === 'bool') return takesPart ? { mask: takesPart } : {}
  return { mask: takesPart ? where(takesPart, mask, Number.NEGATIVE_INFINITY) : mask }
}

/** Which keys come no later than each query, `[length, keys]`. */
function before(length: number, keys: number): Tensor {
  const seen = Uint8Array.from({ length: length * keys }, (_, at) => (at % keys <= Math.floor(at / keys) ? 1 : 0))
  return tensor(seen, [length, keys], 'bool')
}
