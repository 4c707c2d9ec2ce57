import { z } from 'zod'
import type { DataFacts, NamedSamples } from '../definitions.ts'
import type { LoadedData } from '../parts.ts'
import { type Config, flatSettings } from '../settings/config.ts'
import { type SavedSettings, savedFormats, savedSettings, settingsFormat } from '../settings/saved-settings.ts'
import type { SettingCatalog } from '../settings/setting-catalog.ts'
import { SettingsError } from '../settings/settings-error.ts'

/** What a run was trained on, so that it can be used where the data are not. */
export interface RunData {
  /** Empty for data without classes. */
  readonly classNames: readonly string[]
  /** Left out by runs of format 1, whose images are squares. */
  readonly image?: DataFacts['image'] | undefined
  readonly trainImages: number
  /** 0 where there are none, here and below. */
  readonly validationImages: number
  readonly testImages: number
  /** Of data whose samples have names; older runs left it out. */
  readonly samples?: NamedSamples | undefined
}

const count = z.int().min(0)
export const runDataSchema: z.ZodType<RunData> = z.object({
  classNames: z.array(z.string()),
  image: z.object({ height: z.int().positive(), width: z.int().positive(), channels: z.int().positive() }).optional(),
  trainImages: z.int().positive(),
  validationImages: count,
  testImages: count,
  samples: z.object({ names: z.string(), contents: z.string().optional(), leftOut: z.array(z.string()) }).optional(),
})

export const runDataOf = ({ train, validation, test, facts, samples }: LoadedData): RunData => ({
  classNames: [...(facts.classNames ?? [])],
  image: { ...facts.image },
  trainImages: train.length,
  validationImages: validation?.length ?? 0,
  testImages: test?.length ?? 0,
  ...(samples && {
    samples: {
      names: samples.names,
      ...(samples.contents !== undefined && { contents: samples.contents }),
      leftOut: [...samples.leftOut],
    },
  }),
})

/** Whether both tell of the same data. What an older run did not record counts as the same. */
export const isSameData = (a: RunData, b: RunData): boolean =>
  JSON.stringify(comparable(a, b)) === JSON.stringify(comparable(b, a))

function comparable({ classNames, image, samples, ...counts }: RunData, other: RunData): unknown[] {
  return [
    classNames,
    ...(image && other.image ? [image.height, image.width, image.channels] : []),
    ...[counts.trainImages, counts.validationImages, counts.testImages],
    // What was left out is not in it: a file that could not be read and is gone changes nothing.
    ...(samples && other.samples ? [samples.names] : []),
    ...(samples?.contents !== undefined && other.samples?.contents !== undefined ? [samples.contents] : []),
  ]
}

/** What computed. */
export interface TrainedOn {
  readonly name: string
  readonly device: string
}

/**
 * What decides a run, as each of its checkpoints holds it: a checkpoint is flushed and has checksums, so that this is the copy
 * with which what else a run has is compared.
 */
export interface RunRecord {
  readonly saved: SavedSettings
  readonly data: RunData & { readonly image: DataFacts['image'] }
  readonly backend: TrainedOn
  /** SHA-256 of the file of its teacher, where it learns from one. */
  readonly teacher?: string | undefined
}

/** JSON that a checkpoint takes. */
type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

/** What a checkpoint is to hold of its run. */
export const recordOf = (config: Config, data: RunData, { name, device }: TrainedOn, teacher?: string): Json =>
  z.json().parse({
    format: settingsFormat,
    settings: flatSettings(config),
    data,
    backend: { name, device },
    ...(teacher !== undefined && { teacher }),
  })

const recordSchema = z.strictObject({
  format: z.literal(savedFormats),
  settings: z.record(z.string(), z.unknown()),
  data: runDataSchema,
  backend: z.strictObject({ name: z.string(), device: z.string() }),
  teacher: z.string().optional(),
})

/** The settings of a record as they are written, for whoever has to know which definitions they name before they are read. */
export const settingsIn = (record: unknown): unknown => recordSchema.safeParse(record).data?.settings

/**
 * What a checkpoint holds of its run.
 *
 * @param place the checkpoint as the user would find it: `the checkpoint runs/a/checkpoints/step=000010`
 * @throws SettingsError where it holds nothing, or not all, or in another format
 */
export function readRecord(content: unknown, place: string, catalog: SettingCatalog): RunRecord {
  const { success, data: record } = recordSchema.safeParse(content)
  if (!success) {
    throw new SettingsError(
      `${place} does not say how its run was trained in format ${savedFormats.join(' or ')}. Take one of \`ddnet train\` or of its page, of this version.`,
    )
  }
  const saved = savedSettings({ format: record.format, ...record.settings }, place, catalog)
  return {
    saved,
    data: { ...record.data, image: record.data.image ?? imageOf(saved.config) },
    backend: record.backend,
    teacher: record.teacher,
  }
}

/** Format 1 did not say it, and had squares of red, green and blue alone. */
function imageOf({ data }: Config): DataFacts['image'] {
  const { size } = data.options
  if (typeof size !== 'number') throw new SettingsError('the run does not say how large its images are.')
  return { height: size, width: size, channels: 3 }
}

/** What a model is made by. */
export const factsOf = ({ image, classNames }: RunRecord['data']): DataFacts => ({
  image,
  ...(classNames.length > 0 && { classNames }),
})

/** What may change when a run goes on: where it computes and reads, what it keeps, and for how long it goes on. */
export const freeSettings: readonly string[] = [
  'backend',
  'data.directory',
  'checkpoint.every',
  'checkpoint.keep',
  'maxSeconds',
]
