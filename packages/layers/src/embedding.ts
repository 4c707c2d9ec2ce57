import { concat, embedding, slice, type Tensor, zeros } from '@ddnet/ops'
import { tuple } from '@ddnet/ops/checks'
import { normal } from './initializers.ts'
import { Module } from './module.ts'
import { type Initializer, Parameter } from './parameter.ts'

export interface EmbeddingConfig {
  /** The row of padding, which begins as zeros and gets no gradient; a negative one counts from the end. */
  readonly paddingIndex?: number
  /** In the place of standard normal numbers. */
  readonly weightInit?: Initializer
}

/**
 * A row of features for each id, `[…] → […, features]`: `y[…] = weight[ids[…]]`, drawn from a normal distribution at first.
 *
 * @throws RangeError for a paddingIndex that is no row; what `embedding` of `@ddnet/ops` throws for ids that are none
 * @see torch.nn.Embedding
 */
export class Embedding extends Module {
  weight: Parameter

  constructor(
    readonly count: number,
    readonly features: number,
    readonly config: EmbeddingConfig = {},
  ) {
    super()
    const { paddingIndex, weightInit = normal() } = config
    if (
      paddingIndex !== undefined &&
      !(Number.isInteger(paddingIndex) && paddingIndex >= -count && paddingIndex < count)
    ) {
      throw new RangeError(`Embedding: expected paddingIndex in ${-count} … ${count - 1}, got ${paddingIndex}.`)
    }
    const init: Initializer = (key, shape, layout) => {
      const drawn = weightInit(key, shape, layout)
      return paddingIndex === undefined
        ? drawn
        : withoutRow(drawn, paddingIndex < 0 ? paddingIndex + count : paddingIndex)
    }
    this.weight = new Parameter([count, features], { init, layout: 'linear' })
  }

  /** @param ids int32 */
  override forward(ids: Tensor): Tensor {
    const { paddingIndex } = this.config
    return embedding(ids, this.weight.value, paddingIndex === undefined ? {} : { paddingIndex })
  }
}

/** A table with zeros in one row. */
function withoutRow(table: Tensor, row: number): Tensor {
  const [count, features] = tuple(table.shape, 2)
  const after = slice(table, [row + 1, 0], [count - row - 1, features])
  return concat([slice(table, [0, 0], [row, features]), zeros([1, features]), after], 0)
}
