import type { Config } from './settings/config.ts'

/** Steps an epoch; the last batch may be smaller, and the last step take fewer batches. */
export const stepsPerEpoch = (
  images: number,
  { batchSize, accumulate }: Pick<Config, 'batchSize' | 'accumulate'>,
): number => Math.ceil(Math.ceil(images / batchSize) / accumulate)

/** Steps of the whole run. */
export const totalSteps = (
  config: Pick<Config, 'batchSize' | 'accumulate' | 'epochs' | 'steps'>,
  images: number,
): number => config.steps ?? (config.epochs as number) * stepsPerEpoch(images, config) // resolveConfig leaves exactly one of them null
