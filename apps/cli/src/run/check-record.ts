import { isDeepStrictEqual } from 'node:util'
import {
  type Entry,
  freeSettings,
  isSameData,
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
  if (isSameData(here, record.data)) return
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
  const here = runDataOf(now)
  if (isSameData(here, then)) return
  const [before, after] = [tellData(then), tellData(here)]
  const change = before === after ? otherSamples(here, then) : `it began with ${before}, and there are ${after}`
  throw new CliError(
    `the data of the run ${path} has changed: ${change}. Give data.directory=FOLDER with the images as they were, or start a new run.`,
  )
}

const maxNamed = 3

/** As many images, of which some are others. */
function otherSamples({ samples: now }: RunData, { samples: then }: RunData): string {
  const without = (names: readonly string[] = [], others: readonly string[] = []) => {
    const own = names.filter((name) => !others.includes(name))
    const more = own.length > maxNamed ? ` and ${own.length - maxNamed} more` : ''
    return own.length === 0 ? undefined : `${own.slice(0, maxNamed).join(', ')}${more}`
  }
  const [before, after] = [without(then?.leftOut, now?.leftOut), without(now?.leftOut, then?.leftOut)]
  const parts = [
    ...(before === undefined ? [] : [`it began without ${before}, which could not be read`]),
    ...(after === undefined ? [] : [`now ${after} cannot be read`]),
  ]
  return `there are as many images, but not the same ones${parts.length > 0 ? `: ${parts.join(', and ')}` : ''}`
}
