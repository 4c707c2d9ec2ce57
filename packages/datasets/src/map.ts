import type { Dataset, GetOptions } from './dataset.ts'

/** A plain function of a sample; its randomness is `key`, and it returns a new sample. */
export type Transform<A, B = A> = (sample: A, options: GetOptions) => B

/** A transform of the images of samples, and of the masks and boxes on them, by their kinds; all other fields stay. */
export type ImageTransform = <S extends object>(sample: S, options: GetOptions) => S

/**
 * A dataset whose samples went through `transforms`, from left to right.
 * With the key of the sample being `k`, the dataset below gets `k.fold(0)` and transform `i` gets `k.fold(i + 1)`, so
 * that no two of them draw the same numbers, in nested maps either.
 *
 * @example map(train, randomHorizontalFlip(), normalize({ mean: [0.4734], std: [0.2516] }))
 */
export function map<A, B>(dataset: Dataset<A>, transform: Transform<A, B>): Dataset<B>
export function map<T>(dataset: Dataset<T>, ...transforms: Transform<T>[]): Dataset<T>
export function map<T>(dataset: Dataset<T>, ...transforms: Transform<T>[]): Dataset<T> {
  const { length, getSync } = dataset
  const apply = (sample: T, { key }: GetOptions): T =>
    transforms.reduce((current, transform, index) => transform(current, { key: key?.fold(index + 1) }), sample)
  const below = ({ key, signal }: GetOptions): GetOptions => ({ key: key?.fold(0), signal })
  return {
    length,
    get: async (index, options = {}) => apply(await dataset.get(index, below(options)), options),
    ...(getSync && {
      getSync: (index, options = {}) => apply(getSync.call(dataset, index, below(options)), options),
    }),
  }
}
