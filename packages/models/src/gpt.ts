import { Dropout, Embedding, initializers, LayerNorm, Linear, Module, pipe } from '@ddnet/layers'
import {
  add,
  gelu,
  reshape,
  ShapeError,
  scaledDotProductAttention,
  split,
  type Tensor,
  tensor,
  transpose,
} from '@ddnet/ops'
import { tuple } from '@ddnet/ops/checks'

/** How GPT-2 begins: normal weights of this deviation, biases of zeros. */
const std = 0.02
const biasInit = initializers.zeros
const weightInit = initializers.normal(0, std)
/** Of what is added to the residual stream, twice in each layer: the sum of all keeps its size. */
const residualInit = (layers: number) => initializers.normal(0, std / Math.sqrt(2 * layers))

class CausalSelfAttention extends Module {
  readonly heads: number
  readonly c_attn: Linear
  readonly c_proj: Linear
  readonly dropout: Dropout

  constructor({ width, heads, layers, dropout }: Required<GPTOptions>) {
    super()
    this.heads = heads
    this.c_attn = new Linear(width, 3 * width, { weightInit, biasInit })
    this.c_proj = new Linear(width, width, { weightInit: residualInit(layers), biasInit })
    this.dropout = new Dropout(dropout)
  }

  override forward(x: Tensor): Tensor {
    const qkv = reshape(this.c_attn.forward(x), [...x.shape.slice(0, 2), 3 * this.heads, -1])
    const [q, k, v] = tuple(split(transpose(qkv, [0, 2, 1, 3]), this.heads, 1), 3)
    const y = scaledDotProductAttention(q, k, v, { causal: true }) // [batch, heads, length, features]
    return pipe(reshape(transpose(y, [0, 2, 1, 3]), x.shape), this.c_proj, this.dropout)
  }
}

class MLP extends Module {
  readonly c_fc: Linear
  readonly c_proj: Linear
  readonly dropout: Dropout
  readonly gelu: 'none' | 'tanh'

  constructor({ width, layers, dropout, gelu }: Required<GPTOptions>) {
    super()
    this.c_fc = new Linear(width, 4 * width, { weightInit, biasInit })
    this.c_proj = new Linear(4 * width, width, { weightInit: residualInit(layers), biasInit })
    this.dropout = new Dropout(dropout)
    this.gelu = gelu
  }

  override forward(x: Tensor): Tensor {
    const activation = (hidden: Tensor) => gelu(hidden, { approximate: this.gelu })
    return pipe(x, this.c_fc, activation, this.c_proj, this.dropout)
  }
}

class Block extends Module {
  readonly ln_1: LayerNorm
  readonly attn: CausalSelfAttention
  readonly ln_2: LayerNorm
  readonly mlp: MLP

  constructor(options: Required<GPTOptions>) {
    super()
    this.ln_1 = new LayerNorm(options.width)
    this.attn = new CausalSelfAttention(options)
    this.ln_2 = new LayerNorm(options.width)
    this.mlp = new MLP(options)
  }

  override forward(x: Tensor): Tensor {
    const y = add(x, pipe(x, this.ln_1, this.attn))
    return add(y, pipe(y, this.ln_2, this.mlp))
  }
}

export interface GPTOptions {
  /** How many tokens there are. */
  readonly vocabulary?: number
  /** The longest sequence, in tokens. */
  readonly context?: number
  /** Features of a position; heads divide them. */
  readonly width?: number
  readonly heads?: number
  readonly layers?: number
  /** The probability that a value is dropped in training: of the embeddings, and of what each layer adds. */
  readonly dropout?: number
  /** 'none' by default, the exact one; GPT-2's published weights were trained with 'tanh'. */
  readonly gelu?: 'none' | 'tanh'
}

/**
 * A decoder-only transformer, with the norm before each part and learned positions: for each place of a sequence the logits of the token
 * that comes next, of which it sees only what comes before. Its names are GPT-2's, and by default its size: 124,439,808 parameters, as of
 * its smallest variant. The embedding is also the head's weight. In DALL-E such a network goes on with the tokens of a `DiscreteVAE`.
 *
 * `forward`: int32 `[batch, length] → [batch, length, vocabulary]` (logits); `generate` draws what comes next.
 *
 * @see Radford et al. 2019, "Language models are unsupervised multitask learners"; Ramesh et al. 2021, "Zero-shot text-to-image generation"
 * @example
 * const model = init(new GPT({ vocabulary: 96, context: 64, width: 64, heads: 4, layers: 2 }), random.key(42))
 * crossEntropy(model.forward(tokens), following) // the same tokens, one place further
 */
export class GPT extends Module {
  readonly wte: Embedding
  readonly wpe: Embedding
  readonly dropout: Dropout
  readonly h: readonly Block[]
  readonly ln_f: LayerNorm
  readonly lm_head: Linear

  /** @throws RangeError unless heads divide the width, and for a rate of dropout outside of [0, 1] */
  constructor(options: GPTOptions = {}) {
    super()
    const { vocabulary = 50_257, context = 1024, width = 768, heads = 12, layers = 12 } = options
    const { dropout = 0.1, gelu = 'none' } = options
    if (!Number.isInteger(heads) || heads < 1 || width % heads !== 0) {
      throw new RangeError(`GPT: expected heads to divide the width ${width}, got ${heads}.`)
    }
    const all = { vocabulary, context, width, heads, layers, dropout, gelu }
    this.wte = new Embedding(vocabulary, width, { weightInit })
    this.wpe = new Embedding(context, width, { weightInit })
    this.dropout = new Dropout(dropout)
    this.h = Array.from({ length: layers }, () => new Block(all))
    this.ln_f = new LayerNorm(width)
    this.lm_head = new Linear(width, vocabulary, { bias: false })
    this.lm_head.weight = this.wte.weight
  }

  /** The longest sequence, in tokens. */
  get context(): number {
    return this.wpe.count
  }

  /** @throws ShapeError unless there are tokens `[batch, length]`, and no more of them than the context */
  override forward(tokens: Tensor): Tensor {
    const [, length] = tokens.shape
    if (tokens.rank !== 2 || length === undefined || length > this.context) {
      throw new ShapeError(
        `GPT: expected tokens [batch, length] of a length up to ${this.context}, got [${tokens.shape}]. Take a part of them, or make the context longer.`,
      )
    }
    const places = tensor([...Array(length).keys()], [length], 'int32')
    const x = add(this.wte.forward(tokens), this.wpe.forward(places)) // [batch, length, width]
    return pipe(x, this.dropout, ...this.h, this.ln_f, this.lm_head)
  }
}
