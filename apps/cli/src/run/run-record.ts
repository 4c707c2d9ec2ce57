import { isDeepStrictEqual } from 'node:util'
import type { Checkpoint, Json } from '@ddnet/trainer'
import { z } from 'zod'
import type { Entry } from '../config/entry.ts'
import { configFormat, show } from '../config/read-entries.ts'
import { type Saved, savedConfig } from '../config/saved.ts'
import type { Config } from '../config/schema.ts'
import type { Settings } from '../config/settings.ts'
import { CliError, UsageError } from '../errors.ts'
import { type RunData, runDataSchema, tellData } from './run-data.ts'

/** What computed. */
export interface TrainedOn {
  readonly name: string
  readonly device: string
}

/**
 * What decides a run, as each of its checkpoints holds it: a checkpoint is flushed and has checksums, so that this is the copy
 * that `config.yaml` and `data.json` beside it are compared with.
 */
export interface RunRecord {
  readonly saved: Saved
  readonly data: RunData
  readonly backend: TrainedOn
}

/** What may change when a run goes on: where it computes and reads, what it keeps, and for how long it goes on. */
export const freeSettings: readonly string[] = [
  'backend',
  'data.directory',
  'checkpoint.every',
  'checkpoint.keep',
  'maxSeconds',
]

const schema = z.strictObject({
  format: z.literal(configFormat),
  settings: z.record(z.string(), z.unknown()),
  data: runDataSchema,
  backend: z.strictObject({ name: z.string(), device: z.string() }),
})

/** What a checkpoint is to hold of its run. */
export const recordOf = (config: Config, data: RunData, { name, device }: TrainedOn): Json =>
  // Settings are JSON: the schema has numbers, texts, lists and null.
  ({ format: configFormat, settings: config, data, backend: { name, device } }) as unknown as Json

/**
 * What a checkpoint holds of its run.
 *
 * @param name the checkpoint as the user would find it
 * @throws CliError where it holds nothing, or not all, or in another format
 */
export function readRecord({ config }: Pick<Checkpoint, 'config'>, name: string, settings: Settings): RunRecord {
  const { success, data: record } = schema.safeParse(config)
  if (!success) {
    throw new CliError(
      `the checkpoint ${name} does not say how its run was trained in format ${configFormat}. Take one of \`ddnet train\` or of its page, of this version.`,
    )
  }
  try {
    const content = { format: record.format, ...record.settings }
    return {
      saved: savedConfig(content, `the checkpoint ${name}`, settings),
      data: record.data,
      backend: record.backend,
    }
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    throw new CliError(`${error.message} Go on with the version of ddnet that wrote it.`, undefined, { cause: error })
  }
}

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
  if (isDeepStrictEqual({ ...here }, { ...record.data })) return
  const names =
    here.classNames.join('/') === record.data.classNames.join('/') ? '' : ', of other names or in another order'
  throw new CliError(
    `${file} tells of ${tellData(here)}${names}, but the checkpoint ${checkpoint} was trained on ${tellData(record.data)}. ${restore(file)}`,
  )
}

/** A remedy for a file that the checkpoint holds, too. */
export const restore = (file: string): string =>
  `Put the right file back, or delete ${file}: the checkpoint has all that it said, and \`ddnet train --resume\` writes it again.`
