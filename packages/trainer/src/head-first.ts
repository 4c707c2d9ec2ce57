import { type Module, matcherOf } from '@ddnet/layers'
import type { Callback } from './callback.ts'

export interface HeadFirstOptions {
  readonly model: Module
  /** What is trained from the beginning, as `model.freeze` takes it: names of modules or parameters, `*` for any characters. */
  readonly head: string | readonly string[]
  /** How many epochs the rest waits. */
  readonly epochs: number
  /**
   * What the norms of the rest do meanwhile: `update` normalises by the batch and counts it, as PyTorch's do; `keep` normalises by the
   * running statistics and leaves them as they are, as after `model.freezeStatistics(…)`.
   */
  readonly statistics?: 'update' | 'keep'
}

/**
 * Fine-tuning: the head is trained first, and all from the end of epoch `epochs` on. Until then the rest is frozen, as by
 * `model.freeze(…)`: it gets no gradient and no update. What was frozen before stays so.
 *
 * A resumed run goes on exactly. When a run ends, all is trainable again.
 *
 * @throws RangeError for a name that no parameter has, and unless `epochs` is a whole number of at least 1; Error where
 *   nothing is left to wait, or to begin with
 * @example new Trainer({ model, …, callbacks: [headFirst({ model, head: 'head', epochs: 2 })] })
 */
export function headFirst({ model, head, epochs, statistics = 'update' }: HeadFirstOptions): Callback {
  if (!Number.isSafeInteger(epochs) || epochs < 1) {
    throw new RangeError(`headFirst: expected epochs to be a whole number of at least 1, got ${epochs}.`)
  }
  const before = [...model.parameters().values()].map((parameter) => ({ parameter, frozen: parameter.frozen }))
  const trained = before.flatMap(({ parameter, frozen }) => (frozen ? [] : [parameter]))
  const names = [head].flat()
  let rest: typeof trained
  try {
    model.freeze()
    model.unfreeze(...names)
    rest = trained.filter(({ frozen }) => frozen)
  } finally {
    for (const { parameter, frozen } of before) parameter.frozen = frozen
  }
  const heads = names.map(matcherOf)
  const counting = [...model.buffers()].flatMap(([name, buffer]) =>
    statistics === 'update' || buffer.frozen || heads.some((pattern) => pattern.test(name)) ? [] : [buffer],
  )
  const freeze = (frozen: boolean) => {
    for (const leaf of [...rest, ...counting]) leaf.frozen = frozen
  }
  if (rest.length === trained.length)
    throw new Error(
      `headFirst: all parameters of ${names.join(', ')} are frozen. Take some of them out: model.unfreeze('${names[0]}').`,
    )
  if (rest.length === 0)
    throw new Error(
      `headFirst: ${names.join(', ')} is all that is trained, and nothing is left to wait. Name a part of it.`,
    )
  return {
    name: 'headFirst',
    onStart: ({ startStep, stepsPerEpoch }) => freeze(startStep < epochs * stepsPerEpoch),
    onEpoch: ({ epoch }) => {
      if (epoch >= epochs) freeze(false)
    },
    onEnd: () => freeze(false),
  }
}
