import { isDeepStrictEqual } from 'node:util'
import {
  type Entry,
  freeSettings,
  type LoadedData,
  type RunData,
  type RunRecord,
  runDataOf,
  show,
} from '@ddnet/experiment'
import { CliError, UsageError } from '../errors.ts'

/**
 * Compares the settings of a run's folder with those of its checkpoint, but for those that may change.
 *
 * @throws CliError naming the first difference, and what to do
 */
export function checkSettings(file: string, here: readonly Entry[], checkpoint: string, record: RunRecord): void {
  const theirs = new Map(record.saved.entries.map((entry) => [entry.path, entry.value]))
  for (const { path, value } of here) {
    if (freeSettings.includes(path) || isDeepStrictEqual(theirs.get(path), value)) continue
    throw new CliError(
      `${file} says ${path}=${show(value)}, but the checkpoint ${checkpoint} was trained with ${show(theirs.get(path))}. ${restore(file)} For a run with other settings, start a new one: ddnet train --config ${file}`,
    )
  }
}

/** @throws CliError where the folder tells of other data than the checkpoint */
export function checkRecordedData(file: string, here: RunData, checkpoint: string, record: RunRecord): void {
  // Runs of format 1 did not say how large their images are.
  if (isDeepStrictEqual({ ...here, image: here.image ?? record.data.image }, { ...record.data })) return
  const names =
    here.classNames.join('/') === record.data.classNames.join('/') ? '' : ', of other names or in another order'
  throw new CliError(
    `${file} tells of ${tellData(here)}${names}, but the checkpoint ${checkpoint} was trained on ${tellData(record.data)}. ${restore(file)}`,
  )
}

/** A remedy for a file that the checkpoint holds, too. */
export const restore = (file: string): string =>
  `Put the right file back, or delete ${file}: the checkpoint has all that it said, and \`ddnet train --resume\` writes it again.`

export const tellData = ({ trainImages, validationImages, testImages, classNames }: RunData): string =>
  `${trainImages} + ${validationImages} + ${testImages} images (to train, to choose, to test) of ${classNames.length} classes`

/**
 * Checks that settings given together with `--resume` leave the run what it is.
 *
 * @param run the run's own settings
 * @throws UsageError for the first one that would change the run
 */
export function checkResumable(given: readonly Entry[], run: readonly Entry[], path: string): void {
  for (const entry of given) {
    if (freeSettings.includes(entry.path)) continue
    const own = run.find((each) => each.path === entry.path)
    if (own !== undefined && isDeepStrictEqual(own.value, entry.value)) continue
    throw new UsageError(
      `${entry.text} (${entry.place}) would change the run ${path}, which has ${own?.value == null ? 'none' : show(own.value)}. Leave it out, or start a new run without --resume. Only ${freeSettings.join(', ')} may change.`,
    )
  }
}

/**
 * Checks that a run goes on with the images that it began with.
 *
 * @throws CliError when they have become other ones
 */
export function checkSameData(now: LoadedData, then: RunRecord['data'], path: string): void {
  if (isDeepStrictEqual(runDataOf(now), then)) return
  throw new CliError(
    `the data of the run ${path} has changed: it began with ${tellData(then)}, and there are ${tellData(runDataOf(now))}. Give data.directory=FOLDER with the images as they were, or start a new run.`,
  )
}
