import { oneCycle } from '@ddnet/optimizers'
import {
  type Checkpoint,
  decodeCheckpoint,
  encodeCheckpoint,
  type Json,
  type Snapshot,
  type ValidationEvent,
} from '@ddnet/trainer'
import { type Images, maxLearningRate, mean, type Recipe, type Settings, std, validationShare } from './experiment.ts'
import type { NamedFile } from './protocol.ts'
import type { RunningBackend } from './run-record.ts'
import { readTar, writeTar } from './tar.ts'

/** Of what a run folder and its checkpoint say: how their settings are to be read. */
const format = 1

/** What every run of the page has in common, as `ddnet config` writes it: a run with anything else cannot go on here. */
const fixed: Readonly<Record<string, Json>> = {
  'data.name': 'cifar10',
  'data.validation': validationShare,
  'data.flip': true,
  'data.crop': 0,
  'data.mean': mean,
  'data.std': std,
  size: 32,
  'model.name': 'ddnet',
  'model.channels': [32, 64, 128],
  'model.normalization': 'batch',
  'loss.labelSmoothing': 0,
  'optimizer.name': 'adam',
  'optimizer.learningRate': maxLearningRate,
  'optimizer.beta1': 0.9,
  'optimizer.beta2': 0.999,
  'optimizer.eps': 1e-8,
  'optimizer.weightDecay': 0,
  'schedule.name': 'oneCycle',
  'schedule.pctStart': 0.3,
  'schedule.divFactor': 25,
  'schedule.finalDivFactor': 1e4,
  'average.decay': 0,
  clipNorm: null,
  accumulate: 1,
  'earlyStopping.patience': null,
  'earlyStopping.score': 'accuracy',
  'earlyStopping.minChange': 0,
  maxSeconds: null,
}

/** What changes no number of a run: where it lies, reads and computes, and which checkpoints a folder keeps. */
const aside: Readonly<Record<string, Json>> = {
  preset: 'quick',
  name: null,
  backend: 'auto',
  'data.directory': null,
  'checkpoint.keep': 3,
  runs: 'runs',
}

/** The settings that the page has, too. */
const own = ['batchSize', 'steps', 'epochs', 'seed', 'validation.every', 'validation.images', 'checkpoint.every']

/** All settings of `ddnet train` that are this recipe; those of a run that began there as they were. */
export function settingsOf({ steps, batchSize, seed, validationImages, validateEvery, settings }: Recipe): Settings {
  if (settings !== undefined) return settings
  const all: Record<string, Json> = {
    ...aside,
    ...fixed,
    batchSize,
    steps,
    epochs: null,
    seed,
    'validation.every': validateEvery,
    'validation.images': validationImages,
    'checkpoint.every': validateEvery,
  }
  const grouped: Record<string, Record<string, Json> | Json> = {}
  for (const [path, value] of Object.entries(all)) {
    const [group = '', name] = path.split('.')
    if (name === undefined) grouped[group] = value
    else grouped[group] = { ...(grouped[group] as Record<string, Json> | undefined), [name]: value }
  }
  return grouped
}

/** Settings by their paths, as in `optimizer.learningRate`. */
const flat = (settings: Settings): Record<string, Json> =>
  Object.fromEntries(
    Object.entries(settings).flatMap(([key, value]) =>
      typeof value === 'object' && value !== null && !Array.isArray(value)
        ? Object.entries(value).map(([name, each]) => [`${key}.${name}`, each as Json])
        : [[key, value]],
    ),
  )

/**
 * The recipe of a run of `ddnet train` or of the page, from what its checkpoint holds.
 * @throws Error naming the setting that the page does not have, or that is missing
 */
export function recipeOf(config: Json, images: Images): Recipe {
  const record = config as Partial<RunRecord> | null
  if (record?.format !== format || record.settings === undefined || record.data === undefined) {
    throw new Error(
      `the checkpoint does not say in format ${format} how it was trained. It must come from this page or \`ddnet train\`, of this version.`,
    )
  }
  const given = flat(record.settings)
  for (const [path, value] of Object.entries(given)) {
    const only = fixed[path]
    if (only === undefined && !(path in fixed) && !(path in aside) && !own.includes(path)) {
      throw new Error(`${path} is ${JSON.stringify(value)}, and the page has no such setting.`)
    }
    if (path in fixed && JSON.stringify(value) !== JSON.stringify(only)) {
      throw new Error(`${path} is ${JSON.stringify(value)}, and the page trains with ${JSON.stringify(only)} only.`)
    }
  }
  const missing = [...Object.keys(fixed), ...own].filter((path) => given[path] === undefined)
  if (missing.length > 0) throw new Error(`the checkpoint does not say what ${missing.join(', ')} is.`)
  if (JSON.stringify(sorted(record.data)) !== JSON.stringify(sorted(factsOf(images)))) {
    throw new Error(`the run was trained on ${tell(record.data)}, and the page has ${tell(factsOf(images))}.`)
  }
  const batchSize = given['batchSize'] as number
  const stepsPerEpoch = Math.ceil(images.train.length / batchSize)
  const every = given['validation.every']
  return {
    batchSize,
    steps: (given['steps'] as number | null) ?? (given['epochs'] as number) * stepsPerEpoch,
    seed: given['seed'] as number,
    validationImages: given['validation.images'] as number,
    validateEvery: every === 'epoch' ? stepsPerEpoch : (every as number),
    settings: record.settings,
  }
}

/** What a run was trained on, as `ddnet train` writes it. */
interface DataFacts {
  readonly classNames: readonly string[]
  readonly trainImages: number
  readonly validationImages: number
  readonly testImages: number
}

const factsOf = ({ train, validation, testImages, classNames }: Images): DataFacts => ({
  classNames: [...classNames],
  trainImages: train.length,
  validationImages: validation.length,
  testImages,
})

const sorted = (facts: DataFacts) => Object.entries(facts).toSorted(([a], [b]) => (a < b ? -1 : 1))

const tell = ({ trainImages, validationImages, testImages, classNames }: DataFacts): string =>
  `${trainImages} + ${validationImages} + ${testImages} images of ${classNames.length} classes (${classNames.slice(0, 3).join(', ')} …)`

/** What a checkpoint holds of its run, as `ddnet train` writes it. */
interface RunRecord {
  readonly format: number
  readonly settings: Settings
  readonly data: DataFacts
  readonly backend: RunningBackend
}

export interface Run {
  readonly snapshot: Snapshot
  readonly recipe: Recipe
  readonly validations: readonly ValidationEvent[]
  readonly backend: RunningBackend
  readonly data: Images
}

/** A run folder that `ddnet train --resume` goes on with, as a tar file. */
export async function packRun({ snapshot, recipe, validations, backend, data }: Run): Promise<Uint8Array<ArrayBuffer>> {
  const settings = settingsOf(recipe)
  const facts = factsOf(data)
  const { name: backendName, device } = backend
  const record = { format, settings, data: { ...facts }, backend: { name: backendName, device } }
  const json = (value: unknown): Uint8Array => new TextEncoder().encode(`${JSON.stringify(value, undefined, 2)}\n`)
  const name = `step=${String(snapshot.step).padStart(6, '0')}`
  const learningRate = oneCycle({ maxLearningRate, steps: recipe.steps })
  const records = validations.map(({ step, epoch, train, validation, seconds }) =>
    JSON.stringify({
      ...{ step, epoch, seconds, train },
      learningRate: learningRate(step - 1), // of the step's own update
      validation: { ...validation, images: recipe.validationImages },
    }),
  )
  const files = await encodeCheckpoint(snapshot, { config: record })
  const folder: Record<string, Uint8Array> = {
    // JSON is YAML.
    'config.yaml': json({ format, ...settings }),
    'data.json': json(facts),
    'environment.json': json({ backend: record.backend }),
    'metrics.jsonl': new TextEncoder().encode(records.map((record) => `${record}\n`).join('')),
    'checkpoints/index.json': json({ last: { name, step: snapshot.step } }),
  }
  for (const [file, bytes] of Object.entries(files)) folder[`checkpoints/${name}/${file}`] = bytes
  return writeTar(
    Object.entries(folder).map(([file, bytes]) => ({ name: `ddnet-studio/${file}`, bytes })),
    Math.floor(Date.now() / 1000),
  )
}

/**
 * The checkpoint in the three files of a checkpoint's folder, or in a run folder as a tar file.
 * @throws Error naming what is missing or damaged
 */
export async function openCheckpoint(files: readonly NamedFile[]): Promise<Checkpoint> {
  const [only] = files
  const chosen = files.length === 1 && only?.name.endsWith('.tar') ? lastCheckpoint(readTar(only.bytes)) : files
  const baseName = (path: string): string => path.slice(path.lastIndexOf('/') + 1)
  return decodeCheckpoint(Object.fromEntries(chosen.map(({ name, bytes }) => [baseName(name), bytes])))
}

function lastCheckpoint(files: readonly NamedFile[]): NamedFile[] {
  const index = files.find(({ name }) => name.endsWith('checkpoints/index.json'))
  if (index === undefined) throw new Error('the tar file has no checkpoints/index.json. Pack the folder of a run.')
  const last = lastNamed(index.bytes)
  if (last === undefined)
    throw new Error('checkpoints/index.json in the tar file is damaged. Take the three files of a checkpoint instead.')
  return files.filter(({ name }) => name.includes(`checkpoints/${last}/`))
}

/** The last checkpoint's name in an index; undefined where the index has none. */
function lastNamed(index: Uint8Array): string | undefined {
  try {
    const { last } = JSON.parse(new TextDecoder().decode(index)) as { last?: { name?: unknown } }
    return typeof last?.name === 'string' ? last.name : undefined
  } catch {
    return undefined // no JSON, or no object
  }
}
