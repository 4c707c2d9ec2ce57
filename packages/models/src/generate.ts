import { inference, type ModuleOf } from '@ddnet/layers'
import {
  add,
  argMax,
  clone,
  concat,
  div,
  expandDims,
  type Key,
  less,
  reshape,
  ShapeError,
  slice,
  type Tensor,
  tidy,
  topK as topKOf,
  where,
} from '@ddnet/ops'
import { tuple } from '@ddnet/ops/checks'
import { gumbelNoise } from './gumbel.ts'

/** Logits of the next token for each place, `[batch, length] → [batch, length, vocabulary]`, of up to `context` tokens. */
export type LanguageModel = ModuleOf<[tokens: Tensor], Tensor> & { readonly context: number }

export interface GenerateOptions {
  /** How many tokens are added. */
  readonly length: number
  /** What the draws depend on: the same key, the same tokens. */
  readonly key: Key
  /** Above 1 the draws are more even, below 1 surer; 0 takes the likeliest token. 1 by default. */
  readonly temperature?: number
  /** Draws from this many of the likeliest tokens alone; from all by default. */
  readonly topK?: number
}

/**
 * Goes on with sequences, token by token: each is drawn from what the model says of it after those before, the last `context` of them.
 * The model runs over all of these again for each token; nothing is kept from one to the next.
 *
 * @param tokens what is there already, int32 `[batch, length]` of at least one
 * @returns int32 `[batch, length + options.length]`, which the caller disposes
 * @throws ShapeError unless there are tokens to go on from; RangeError for options out of range
 * @example generate(model, tensor([[0]], [1, 1], 'int32'), { length: 16, key: random.key(7), topK: 20 })
 */
export function generate(model: LanguageModel, tokens: Tensor, options: GenerateOptions): Tensor {
  const { length, temperature = 1, topK } = options
  if (tokens.rank !== 2 || tokens.dtype !== 'int32' || tokens.shape[1] === 0) {
    throw new ShapeError(
      `generate: expected int32 tokens [batch, length] of at least one, got ${tokens.dtype} [${tokens.shape}]. Begin with one that stands for the start.`,
    )
  }
  if (!Number.isInteger(length) || length < 0) {
    throw new RangeError(`generate: expected length as a whole number of at least 0, got ${length}.`)
  }
  if (!(temperature >= 0 && Number.isFinite(temperature))) {
    throw new RangeError(`generate: expected a temperature of at least 0, got ${temperature}.`)
  }
  if (topK !== undefined && (!Number.isInteger(topK) || topK < 1)) {
    throw new RangeError(`generate: expected topK as a whole number of at least 1, got ${topK}.`)
  }
  let all = clone(tokens)
  for (let step = 0; step < length; step++) {
    const longer = tidy(() => concat([all, expandDims(next(model, all, step, options), 1)], 1))
    all.dispose()
    all = longer
  }
  return all
}

/** The token behind each sequence, int32 `[batch]`. */
function next(
  model: LanguageModel,
  tokens: Tensor,
  step: number,
  { key, temperature = 1, topK }: GenerateOptions,
): Tensor {
  const [batch, length] = tuple(tokens.shape, 2)
  const seen = Math.min(length, model.context)
  const logits = inference(() => model.forward(slice(tokens, [0, length - seen], [batch, seen])))
  const [, , vocabulary] = tuple(logits.shape, 3)
  const last = reshape(slice(logits, [0, seen - 1, 0], [batch, 1, vocabulary]), [batch, vocabulary])
  if (temperature === 0) return argMax(last, -1)
  const noisy = add(div(likeliest(last, topK ?? vocabulary), temperature), gumbelNoise(key.fold(step), last.shape))
  return argMax(noisy, -1)
}

/** The `count` largest logits of each row; the others are −∞. */
function likeliest(logits: Tensor, count: number): Tensor {
  const [batch, vocabulary] = tuple(logits.shape, 2)
  if (count >= vocabulary) return logits
  const least = slice(topKOf(logits, count).values, [0, count - 1], [batch, 1])
  return where(less(logits, least), Number.NEGATIVE_INFINITY, logits)
}
