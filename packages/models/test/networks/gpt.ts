import { Dropout, Embedding, LayerNorm, Linear, Module, pipe } from '@ddnet/layers'
import { add, gelu, reshape, scaledDotProductAttention, split, type Tensor, tensor, transpose } from '@ddnet/ops'
import { tuple } from '@ddnet/testing'

class CausalSelfAttention extends Module {
  readonly heads: number
  readonly c_attn: Linear
  readonly c_proj: Linear
  readonly dropout: Dropout

  constructor(width: number, heads: number, dropout: number) {
    super()
    this.heads = heads
    this.c_attn = new Linear(width, 3 * width)
    this.c_proj = new Linear(width, width)
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

  constructor(width: number, dropout: number) {
    super()
    this.c_fc = new Linear(width, 4 * width)
    this.c_proj = new Linear(4 * width, width)
    this.dropout = new Dropout(dropout)
  }

  override forward(x: Tensor): Tensor {
    return pipe(x, this.c_fc, gelu, this.c_proj, this.dropout)
  }
}

class Block extends Module {
  readonly ln_1: LayerNorm
  readonly attn: CausalSelfAttention
  readonly ln_2: LayerNorm
  readonly mlp: MLP

  constructor(width: number, heads: number, dropout: number) {
    super()
    this.ln_1 = new LayerNorm(width)
    this.attn = new CausalSelfAttention(width, heads, dropout)
    this.ln_2 = new LayerNorm(width)
    this.mlp = new MLP(width, dropout)
  }

  override forward(x: Tensor): Tensor {
    const y = add(x, pipe(x, this.ln_1, this.attn))
    return add(y, pipe(y, this.ln_2, this.mlp))
  }
}

/** A small GPT, with GPT-2's names. @see Radford et al. 2019; fixtures/networks/gpt.py */
export class GPT extends Module {
  readonly wte: Embedding
  readonly wpe: Embedding
  readonly dropout: Dropout
  readonly h: Block[]
  readonly ln_f: LayerNorm
  readonly lm_head: Linear

  constructor(vocabulary: number, context: number, width: number, heads: number, layers: number, dropout = 0.1) {
    super()
    this.wte = new Embedding(vocabulary, width)
    this.wpe = new Embedding(context, width)
    this.dropout = new Dropout(dropout)
    this.h = Array.from({ length: layers }, () => new Block(width, heads, dropout))
    this.ln_f = new LayerNorm(width)
    this.lm_head = new Linear(width, vocabulary, { bias: false })
    this.lm_head.weight = this.wte.weight
  }

  override forward(ids: Tensor): Tensor {
    const places = tensor([...Array(ids.shape[1]).keys()], undefined, 'int32')
    return pipe(add(this.wte.forward(ids), this.wpe.forward(places)), this.dropout, ...this.h, this.ln_f, this.lm_head)
  }
}
