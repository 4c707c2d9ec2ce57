import type { LoadedData } from '../parts.ts'
import type { Config } from '../settings/config.ts'
import { show } from '../settings/entries.ts'
import type { SavedSettings } from '../settings/saved-settings.ts'
import { totalSteps } from '../step-counts.ts'
import { RunError } from './run-error.ts'
import { freeSettings, isSameData, type RunData, type RunRecord, runDataOf } from './run-record.ts'

/** Whether two values of JSON are the same, whatever the order of their fields. */
export function isSame(a: unknown, b: unknown): boolean {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return Object.is(a, b)
  if (Array.isArray(a) !== Array.isArray(b)) return false
  const [left, right] = [new Map(Object.entries(a)), new Map(Object.entries(b))]
  return (
    left.size === right.size && [...left].every(([name, value]) => right.has(name) && isSame(value, right.get(name)))
  )
}

/**
 * Compares the settings of a run's folder with those of its checkpoint, but for those that may change, and for its length where it was
 * made longer afterwards.
 *
 * @throws RunError naming the first difference, and what to do
 */
export function checkSettings(file: string, saved: SavedSettings, checkpoint: string, record: RunRecord): void {
  const isLonger = stepsOf(saved.config, record) > stepsOf(record.saved.config, record)
  const theirs = new Map(record.saved.entries.map((entry) => [entry.path, entry.value]))
  for (const { path, value } of saved.entries) {
    if (isLonger && lengthSettings.includes(path)) continue
    if (freeSettings.includes(path) || isSame(theirs.get(path), value)) continue
    throw new RunError(
      `${file} says ${path}=${show(value)}, but the checkpoint ${checkpoint} was trained with ${show(theirs.get(path))}. ${restore(file)} For a run with other settings, start a new one: ddnet train --config ${file}`,
    )
  }
}

/** What says how long a run is, which may grow when it is over. */
export const lengthSettings: readonly string[] = ['epochs', 'steps']

const stepsOf = (config: Config, { data }: RunRecord): number => totalSteps(config, data.trainImages)

/** Whether a run is over, as its checkpoint says how long it is. */
export const isOver = (record: RunRecord, step: number): boolean => step >= stepsOf(record.saved.config, record)

/** @throws RunError where the folder tells of other data than the checkpoint */
export function checkRecordedData(file: string, here: RunData, checkpoint: string, record: RunRecord): void {
  if (isSameData(here, record.data)) return
  const names =
    here.classNames.join('/') === record.data.classNames.join('/') ? '' : ', of other names or in another order'
  throw new RunError(
    `${file} tells of ${tellData(here)}${names}, but the checkpoint ${checkpoint} was trained on ${tellData(record.data)}. ${restore(file)}`,
  )
}

/**
 * Checks that a run goes on with the samples that it began with.
 *
 * @param remedy where to find them
 * @throws RunError when they have become other ones
 */
export function checkSameData(now: LoadedData, then: RunRecord['data'], path: string, remedy: string): void {
  const here = runDataOf(now)
  if (isSameData(here, then)) return
  const [before, after] = [tellData(then), tellData(here)]
  const names = here.classNames.join('/') === then.classNames.join('/') ? '' : ', of other names or in another order'
  const change =
    before === after && names === ''
      ? otherSamples(here, then)
      : `it began with ${before}, and there are ${after}${names}`
  throw new RunError(`the data of the run ${path} has changed: ${change}. ${remedy}`)
}

const maxNamed = 3

/** As many images, of which some are others. */
function otherSamples({ samples: now }: RunData, { samples: then }: RunData): string {
  if (now?.names === then?.names) return 'there are the same files, but what is in them has changed'
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

/** A remedy for a file that the checkpoint holds, too. */
export const restore = (file: string): string =>
  `Put the right file back, or delete ${file}: the checkpoint has all that it said, and whoever goes on with the run writes it again.`

const tellData = ({ trainImages, validationImages, testImages, classNames }: RunData): string =>
  `${trainImages} + ${validationImages} + ${testImages} images (to train, to choose, to test)${classNames.length === 0 ? '' : ` of ${classNames.length} classes`}`
