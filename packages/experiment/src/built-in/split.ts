import { type Dataset, validationSplit } from '@ddnet/datasets'
import type { DataSplits } from '../definitions.ts'
import { SettingsError } from '../settings/settings-error.ts'

/** @throws SettingsError for a share of images that leaves none to choose by, or none to train on */
export function expectBothParts(share: number, count: number): void {
  const kept = Math.round(share * count)
  if (kept > 0 && kept < count) return
  throw new SettingsError(
    `data.validation=${share} leaves none of ${count} images to ${kept === 0 ? 'choose by' : 'train on'}. Try data.validation=${count < 2 ? 0 : 0.5}`,
  )
}

/**
 * Samples that are kept to choose by: always the same ones.
 *
 * @param groups what each sample is of, of which the same share is kept
 * @throws SettingsError as `expectBothParts`
 */
export function splitOff<S>(
  train: Dataset<S>,
  share: number,
  groups: Uint8Array = new Uint8Array(train.length),
): Required<Pick<DataSplits<S>, 'train' | 'validation'>> {
  expectBothParts(share, train.length)
  return validationSplit({ ...train, labels: groups }, share)
}
