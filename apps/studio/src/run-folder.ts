import {
  type Config,
  flatSettings,
  type LoadedData,
  type RunRecord,
  readRecord,
  recordOf,
  runDataOf,
  settingsFormat,
} from '@ddnet/experiment'
import {
  type BestCheckpoint,
  type Checkpoint,
  decodeCheckpoint,
  encodeCheckpoint,
  type Snapshot,
  type ValidationEvent,
} from '@ddnet/trainer'
import { catalog } from './experiment.ts'
import type { NamedFile } from './protocol.ts'
import type { RunningBackend } from './run-record.ts'
import { readTar, writeTar } from './tar.ts'

export interface Run {
  readonly snapshot: Snapshot
  readonly config: Config
  /** Of this page. */
  readonly validations: readonly ValidationEvent[]
  readonly backend: RunningBackend
  readonly data: LoadedData
  /** What the run had in its folder when it was opened here: its log, its best checkpoint and whatever else stay with it. */
  readonly folder: readonly NamedFile[]
  /** The best checkpoint by now, where a score is watched. */
  readonly best?: KeptBest | undefined
}

/** The best checkpoint of a run. */
export interface KeptBest extends BestCheckpoint {
  /** As it was then; nothing where it lies in the folder that was opened. */
  readonly snapshot?: Snapshot
}

/** What a validation makes the best checkpoint, as `checkpoint` of the trainer has it; nothing where it is no better. */
export function betterThan(
  former: KeptBest | undefined,
  { step, monitored: { name: of, value: score, better } }: Pick<ValidationEvent, 'step' | 'monitored'>,
): BestCheckpoint | undefined {
  const best = former?.of === of ? former.score : Number.NaN
  const isBetter = Number.isNaN(best) ? !Number.isNaN(score) : better === 'lower' ? score < best : score > best
  return isBetter ? { name: nameOf(step), step, score, of } : undefined
}

const nameOf = (step: number): string => `step=${String(step).padStart(6, '0')}`

/** A run folder that `ddnet train --resume` goes on with, as a tar file. */
export async function packRun(run: Run): Promise<Uint8Array<ArrayBuffer>> {
  return writeTar(
    (await filesOfRun(run)).map(({ name, bytes }) => ({ name: `ddnet-studio/${name}`, bytes })),
    Math.floor(Date.now() / 1000),
  )
}

const encode = (text: string): Uint8Array => new TextEncoder().encode(text)
const json = (value: unknown): Uint8Array => encode(`${JSON.stringify(value, undefined, 2)}\n`)

/** The files of a run's folder. */
export async function filesOfRun({
  snapshot,
  config,
  validations,
  backend,
  data,
  folder,
  best: kept,
}: Run): Promise<NamedFile[]> {
  const facts = runDataOf(data)
  const name = nameOf(snapshot.step)
  const images = Math.min(config.validation.images, facts.validationImages)
  const records = validations.map(({ step, epoch, train, validation, learningRate, seconds }) =>
    JSON.stringify({
      ...{ step, epoch, seconds, train, learningRate },
      validation: { ...validation, images },
    }),
  )
  const before = Object.fromEntries(folder.map(({ name, bytes }) => [name, bytes]))
  const best = kept && { name: kept.name, step: kept.step, score: kept.score, of: kept.of }
  const record = recordOf(config, facts, backend)
  const files: Record<string, Uint8Array> = {
    // JSON is YAML.
    'config.yaml': json({ format: settingsFormat, ...flatSettings(config) }),
    'data.json': json(facts),
    'environment.json': json({ backend: { name: backend.name, device: backend.device } }),
    ...before,
    'metrics.jsonl': encode([...linesOf(before['metrics.jsonl']), ...records].map((line) => `${line}\n`).join('')),
    'checkpoints/index.json': json({ last: { name, step: snapshot.step }, ...(best && { best }) }),
  }
  const put = async (saved: Snapshot) => {
    const checkpoint = await encodeCheckpoint(saved, { config: record, best })
    for (const [file, bytes] of Object.entries(checkpoint)) files[`checkpoints/${nameOf(saved.step)}/${file}`] = bytes
  }
  if (kept?.snapshot !== undefined) await put(kept.snapshot)
  await put(snapshot)
  // A table of the log, which `ddnet train` makes from it.
  delete files['metrics.csv']
  return Object.entries(files).map(([name, bytes]) => ({ name, bytes }))
}

const linesOf = (bytes: Uint8Array | undefined): string[] =>
  bytes === undefined ? [] : new TextDecoder().decode(bytes).split('\n').slice(0, -1)

/** A run as it was saved. */
export interface OpenedRun {
  readonly checkpoint: Checkpoint
  readonly record: RunRecord
  /** Its other files, up to its checkpoint; none where the checkpoint came alone. */
  readonly folder: readonly NamedFile[]
  /** Its best checkpoint, where that came along. */
  readonly best?: KeptBest | undefined
}

/**
 * The run whose folder is a tar file, from its last checkpoint; or that of the three files of a checkpoint alone.
 * @throws Error naming what is missing or damaged
 */
export async function openRun(files: readonly NamedFile[]): Promise<OpenedRun> {
  const [only] = files
  const folder = files.length === 1 && only?.name.endsWith('.tar') ? folderIn(readTar(only.bytes)) : []
  const chosen = folder.length > 0 ? lastCheckpoint(folder) : files
  const baseName = (path: string): string => path.slice(path.lastIndexOf('/') + 1)
  const checkpoint = await decodeCheckpoint(
    Object.fromEntries(chosen.map(({ name, bytes }) => [baseName(name), bytes])),
  )
  const record = readRecord(checkpoint.config, 'the checkpoint', catalog)
  const { best } = checkpoint
  const isThere = best !== undefined && folder.some(({ name }) => name.startsWith(`checkpoints/${best.name}/`))
  return { checkpoint, record, folder: folder.map((file) => upTo(checkpoint, file)), ...(isThere && { best }) }
}

/** Of the log what the checkpoint knows. */
function upTo({ step, phase }: Checkpoint, file: NamedFile): NamedFile {
  if (file.name !== 'metrics.jsonl') return file
  // A checkpoint of a step alone was made before its validation.
  const last = phase === 'step' ? step - 1 : step
  const lines = linesOf(file.bytes).filter((line) => (stepIn(line) ?? Number.POSITIVE_INFINITY) <= last)
  return { ...file, bytes: encode(lines.map((line) => `${line}\n`).join('')) }
}

function stepIn(line: string): number | undefined {
  try {
    const { step } = JSON.parse(line) as { step?: unknown }
    return typeof step === 'number' ? step : undefined
  } catch {
    return undefined // a line that is damaged is none
  }
}

/** The files of a run by their names in its folder. */
function folderIn(files: readonly NamedFile[]): NamedFile[] {
  const index = files.find(({ name }) => name.endsWith('checkpoints/index.json'))
  if (index === undefined) throw new Error('the tar file has no checkpoints/index.json. Pack the folder of a run.')
  const root = index.name.slice(0, -'checkpoints/index.json'.length)
  return files.flatMap(({ name, bytes }) => (name.startsWith(root) ? [{ name: name.slice(root.length), bytes }] : []))
}

function lastCheckpoint(files: readonly NamedFile[]): NamedFile[] {
  const { last } = indexIn(files.find(({ name }) => name === 'checkpoints/index.json')?.bytes)
  if (last === undefined)
    throw new Error('checkpoints/index.json in the tar file is damaged. Take the three files of a checkpoint instead.')
  return files.filter(({ name }) => name.startsWith(`checkpoints/${last.name}/`))
}

/** What an index of checkpoints says; nothing where it is damaged. */
function indexIn(bytes: Uint8Array | undefined): { readonly last?: { readonly name: string } } {
  if (bytes === undefined) return {}
  try {
    const { last } = JSON.parse(new TextDecoder().decode(bytes)) as { last?: { name?: unknown } }
    return typeof last?.name === 'string' ? { last: { name: last.name } } : {}
  } catch {
    return {} // no JSON, or no object
  }
}
