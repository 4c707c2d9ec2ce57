import { cutMix, type Dataset, type GetOptions, mixUp } from '@ddnet/datasets'
import { random } from '@ddnet/ops'
import type { z } from 'zod'
import { notNegative } from '../settings/setting.ts'

/** A setting that says how training samples are mixed; 0 leaves them. */
export const mixingSetting = (about: string, example: number): z.ZodDefault<z.ZodNumber> =>
  notNegative(0, `${about}; alpha of the Beta distribution of the share, 0 mixes none`, { before: 0, example })

/** How samples are mixed. */
export interface Mixing {
  readonly mixUp?: number
  readonly cutMix?: number
  /** Of their labels, where they have any. */
  readonly classes: number | Readonly<Record<string, number>>
}

/**
 * Mixtures of samples, by MixUp or by CutMix; where both are asked for, each sample draws one of them.
 *
 * @throws DatasetError for samples that cannot be mixed
 */
export function mixtures<S extends object>(samples: Dataset<S>, mixing: Mixing): Dataset<S> // the same fields
export function mixtures(
  samples: Dataset<object>,
  { mixUp: up = 0, cutMix: cut = 0, classes }: Mixing,
): Dataset<object> {
  const kinds = [
    ...(up > 0 ? [mixUp(samples, { classes, alpha: up })] : []),
    ...(cut > 0 ? [cutMix(samples, { classes, alpha: cut })] : []),
  ]
  const [first, second] = kinds
  if (first === undefined) return samples
  if (second === undefined) return first
  const drawn = (options: GetOptions | undefined) =>
    options?.key !== undefined && random.integer(options.key.fold('mix'), 2) === 0 ? first : second
  return {
    length: samples.length,
    get: (index, options) => drawn(options).get(index, options),
    ...(first.getSync && {
      getSync: (index: number, options?: GetOptions) => {
        const dataset = drawn(options)
        if (dataset.getSync === undefined) throw new Error('mixtures: one is in memory, and the other is not.') // both are of the same samples
        return dataset.getSync(index, options)
      },
    }),
  }
}
