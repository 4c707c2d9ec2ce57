import { oneCycle } from '@ddnet/optimizers'
import {
  type Checkpoint,
  decodeCheckpoint,
  encodeCheckpoint,
  type Json,
  type Snapshot,
  type ValidationEvent,
} from '@ddnet/trainer'
import { mean, peak, type Recipe, std, validationShare } from './experiment.ts'
import type { NamedFile } from './protocol.ts'
import type { RunningBackend } from './run-record.ts'
import { readTar, writeTar } from './tar.ts'

/** What every run of the page has in common, as `ddnet config` writes it: another run cannot go on here. */
const fixed: Readonly<Record<string, Json>> = {
  'data.name': 'cifar10',
  'data.validation': validationShare,
  'data.flip': true,
  'data.mean': mean,
  'data.std': std,
  size: 32,
  'model.name': 'ddnet',
  'model.channels': [32, 64, 128],
  'model.normalization': 'batch',
  'optimizer.name': 'adam',
  'optimizer.learningRate': peak,
  'optimizer.beta1': 0.9,
  'optimizer.beta2': 0.999,
  'optimizer.eps': 1e-8,
  'optimizer.weightDecay': 0,
  'schedule.name': 'oneCycle',
  'schedule.pctStart': 0.3,
  'schedule.divFactor': 25,
  'schedule.finalDivFactor': 1e4,
}

/** The settings of `ddnet train` that are this recipe. */
function configOf({ steps, batchSize, seed, validationImages, validateEvery }: Recipe): Json {
  const own: Record<string, Json> = {
    batchSize,
    steps,
    seed,
    'validation.every': validateEvery,
    'validation.images': validationImages,
    'checkpoint.every': validateEvery,
  }
  const config: Record<string, Record<string, Json> | Json> = {}
  for (const [path, value] of Object.entries({ ...fixed, ...own })) {
    const [group = '', name] = path.split('.')
    if (name === undefined) config[group] = value
    else config[group] = { ...(config[group] as Record<string, Json> | undefined), [name]: value }
  }
  return config as Json
}

/**
 * The recipe of a run of `ddnet train` or of the page.
 * @throws Error naming the setting that the page does not have
 */
export function recipeOf(config: Json, trainingImages: number): Recipe {
  if (config === null) {
    throw new Error(
      'the checkpoint does not say how it was trained. It must come from this page or a current ddnet train.',
    )
  }
  const at = (path: string): Json | undefined =>
    path.split('.').reduce<Json | undefined>((value, key) => (value as Record<string, Json> | undefined)?.[key], config)
  for (const [path, value] of Object.entries(fixed)) {
    const given = at(path)
    if (given !== undefined && JSON.stringify(given) !== JSON.stringify(value)) {
      throw new Error(`${path} is ${JSON.stringify(given)}, and the page trains with ${JSON.stringify(value)} only.`)
    }
  }
  const batchSize = at('batchSize') as number
  const stepsPerEpoch = Math.ceil(trainingImages / batchSize)
  const every = at('validation.every')
  return {
    batchSize,
    steps: (at('steps') as number | null) ?? (at('epochs') as number) * stepsPerEpoch,
    seed: at('seed') as number,
    validationImages: at('validation.images') as number,
    validateEvery: every === 'epoch' ? stepsPerEpoch : (every as number),
  }
}

export interface Run {
  readonly snapshot: Snapshot
  readonly recipe: Recipe
  readonly validations: readonly ValidationEvent[]
  readonly backend: RunningBackend
}

/** A run folder that `ddnet train --resume` goes on with, as a tar file. */
export async function packRun({ snapshot, recipe, validations, backend }: Run): Promise<Uint8Array<ArrayBuffer>> {
  const config = configOf(recipe)
  const json = (value: unknown): Uint8Array => new TextEncoder().encode(`${JSON.stringify(value, undefined, 2)}\n`)
  const name = `step=${String(snapshot.step).padStart(6, '0')}`
  const learningRate = oneCycle({ peak, steps: recipe.steps })
  const records = validations.map(({ step, epoch, train, validation, seconds }) =>
    JSON.stringify({
      ...{ step, epoch, seconds, train },
      learningRate: learningRate(step - 1), // of the step's own update
      validation: { ...validation, images: recipe.validationImages },
    }),
  )
  const files = await encodeCheckpoint(snapshot, { config })
  const folder: Record<string, Uint8Array> = {
    // JSON is YAML.
    'config.yaml': json(config),
    'environment.json': json({ backend }),
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
  const { last } = JSON.parse(new TextDecoder().decode(index.bytes)) as { last: { name: string } }
  return files.filter(({ name }) => name.includes(`checkpoints/${last.name}/`))
}
