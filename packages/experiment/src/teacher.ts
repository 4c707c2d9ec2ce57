import { decodeSafetensors, encodeSafetensors } from '@ddnet/formats'
import type { ModuleOf, StateDict } from '@ddnet/layers'
import { sha256 } from '@ddnet/ops/checks'
import type { DataFacts } from './definitions.ts'
import { buildModel, normalizationOf, type RunTask } from './parts.ts'
import { RunError } from './run-folder/run-error.ts'
import type { RunFolder } from './run-folder/run-folder.ts'
import { factsOf, type RunRecord, readRecord, recordOf, settingsIn } from './run-folder/run-record.ts'
import type { Config } from './settings/config.ts'
import type { SettingCatalog } from './settings/setting-catalog.ts'
import { SettingsError } from './settings/settings-error.ts'

/** A model that another one learns from. */
export interface Teacher {
  /** How messages call it: the run and its checkpoint. */
  readonly name: string
  readonly model: ModuleOf
  readonly config: Config
  readonly facts: DataFacts
  /** What a run keeps of it, whole, so that it goes on with the same teacher whatever becomes of its run. */
  readonly file: Uint8Array
  readonly sha256: string
}

/** Where a run keeps its teacher. */
export const teacherFile = 'teacher.safetensors'

/** What a run keeps of its teacher: the weights, with all that says what they are. */
export const encodeTeacher = (name: string, tensors: StateDict, { saved, data, backend }: RunRecord): Uint8Array =>
  encodeSafetensors(tensors, { format: 'pt', name, record: JSON.stringify(recordOf(saved.config, data, backend)) })

/**
 * A teacher as a run keeps it. Whoever is done with its model disposes it.
 *
 * @param place how messages call the file
 * @param catalogOf all settings, with the definitions of the user's own that the teacher's name
 * @throws RunError for a file that is none
 */
export async function readTeacher(
  file: Uint8Array,
  place: string,
  catalogOf: (contents: readonly unknown[]) => SettingCatalog | Promise<SettingCatalog>,
): Promise<Teacher> {
  const { tensors, metadata } = decoded(file, place)
  const { name = place, record: text = 'null' } = metadata
  const content: unknown = JSON.parse(text)
  const record = readRecord(content, place, await catalogOf([settingsIn(content)]))
  const { config } = record.saved
  const facts = factsOf(record.data)
  const model = buildModel(config, facts)
  model.loadStateDict(tensors)
  return { name, model, config, facts, file, sha256: await sha256(file) }
}

function decoded(file: Uint8Array, place: string) {
  try {
    return decodeSafetensors(file)
  } catch (error) {
    throw new RunError(`${place} is damaged: it is not what DDNet wrote. ${restored}`, { cause: error })
  }
}

const restored = 'Put the right file back, or start a new run.'

/**
 * The teacher that a run goes on with, which must be the one that it began with; nothing for a run without one.
 *
 * @throws RunError where it is missing or another one
 */
export async function teacherOfRun(
  { storage }: RunFolder,
  { teacher: expected }: RunRecord,
  catalogOf: (contents: readonly unknown[]) => SettingCatalog | Promise<SettingCatalog>,
): Promise<Teacher | undefined> {
  if (expected === undefined) return undefined
  const place = `${storage.path}/${teacherFile}`
  const file = await storage.readFile(teacherFile)
  if (file === undefined) throw new RunError(`${place} is missing, from which the run learns. ${restored}`)
  if ((await sha256(file)) !== expected) {
    throw new RunError(`${place} is not the teacher that the run began with. ${restored}`)
  }
  return readTeacher(file, place, catalogOf)
}

/**
 * A task that is learned from a teacher as well.
 *
 * @throws SettingsError where the task knows no way to, and for a teacher of other classes or other images
 */
export function learnedFrom(
  task: RunTask,
  teacher: Teacher,
  config: Pick<Config, 'task' | 'data' | 'distillation'>,
  facts: DataFacts,
): RunTask {
  const { name } = teacher
  if (task.distill === undefined) {
    throw new SettingsError(
      `teacher=${name}: task=${config.task.name} cannot be learned from a teacher. Leave it out, or write distill into the task.`,
    )
  }
  if (teacher.config.task.name !== config.task.name) {
    throw new SettingsError(
      `teacher=${name} was trained for task=${teacher.config.task.name}: expected task=${config.task.name}, as here.`,
    )
  }
  const [theirs, ours] = [teacher.facts, facts].map(({ classNames = [] }) => classNames)
  if (theirs?.join('\n') !== ours?.join('\n')) {
    throw new SettingsError(
      `teacher=${name} knows the ${theirs?.length} classes ${listed(theirs)}, and the data has the ${ours?.length} classes ${listed(ours)}: expected the same, in the same order. Train a teacher on this data first.`,
    )
  }
  const [shape, own] = [teacher.facts, facts].map(({ image: { height, width, channels } }) =>
    [height, width, channels].join('×'),
  )
  if (shape !== own) {
    throw new SettingsError(
      `teacher=${name} takes images of ${shape}, and here they are ${own}: expected the same. Try data.size=${teacher.facts.image.height}`,
    )
  }
  const [before, now] = [teacher.config, config].map((each) => normalizationOf(each))
  if (JSON.stringify(before) !== JSON.stringify(now)) {
    throw new SettingsError(
      `teacher=${name} takes images with data.mean=${JSON.stringify(before?.mean)} and data.std=${JSON.stringify(before?.std)}, and here they are ${JSON.stringify(now?.mean)} and ${JSON.stringify(now?.std)}: expected the same. Try data.mean=${JSON.stringify(before?.mean)} data.std=${JSON.stringify(before?.std)}`,
    )
  }
  return task.distill(teacher.model, config.distillation)
}

const listed = (names: readonly string[] = []): string =>
  names.length > 4 ? `${names.slice(0, 4).join(', ')}, …` : names.join(', ')
