import { decodeSafetensors, encodeSafetensors } from '@ddnet/formats'
import { entryOf, errorMessage, sha256 } from '@ddnet/ops/checks'
import packageJson from '../../package.json' with { type: 'json' }
import type { Json, Snapshot } from '../snapshot.ts'
import { CheckpointError } from './checkpoint-error.ts'
import { fromFormat2 } from './format-2.ts'

/** A snapshot as it lies in a folder, with what the run was configured to be. */
export interface Checkpoint extends Snapshot {
  /** What `checkpoint({ config })` was given. */
  readonly config: Json
  /** The best checkpoint of the run by then, where there was a validation. */
  readonly best?: BestCheckpoint
  /** The version of this library that wrote it. */
  readonly version: string
}

/** A checkpoint that had the best score of its run. */
export interface BestCheckpoint {
  readonly name: string
  readonly step: number
  readonly score: number
  /** Which score. */
  readonly of: string
}

export const checkpointFileNames = ['model.safetensors', 'optimizer.safetensors', 'state.json'] as const
export type CheckpointFiles = Readonly<Record<(typeof checkpointFileNames)[number], Uint8Array>>

const formatVersion = 3
/** The oldest that is read, too. */
const oldestVersion = 2

/** state.json, whose checksums cover the other files, and the last of them itself. */
interface State extends Omit<Snapshot, 'model' | 'optimizer'> {
  readonly format: 'ddnet-checkpoint'
  readonly formatVersion: typeof formatVersion
  readonly version: string
  readonly config: Json
  readonly best?: BestCheckpoint
  readonly optimizerStep: number
  readonly optimizerSteps?: Readonly<Record<string, number>>
  readonly files: Readonly<Record<string, { readonly bytes: number; readonly sha256: string }>>
}

/**
 * The files of a checkpoint: `model.safetensors` (PyTorch's names and layouts), `optimizer.safetensors` (the parameters'
 * own layouts) and `state.json`.
 */
export async function encodeCheckpoint(
  { model, optimizer, ...rest }: Snapshot,
  { config = null, best }: { config?: Json; best?: BestCheckpoint | undefined } = {},
): Promise<CheckpointFiles> {
  const tensors = {
    'model.safetensors': encodeSafetensors(model, { format: 'pt' }),
    'optimizer.safetensors': encodeSafetensors(optimizer.tensors),
  }
  const files: Record<string, State['files'][string]> = {}
  for (const [name, bytes] of Object.entries(tensors)) {
    files[name] = { bytes: bytes.length, sha256: await sha256(bytes) }
  }
  const state: State = {
    format: 'ddnet-checkpoint',
    formatVersion,
    version: packageJson.version,
    ...rest,
    optimizerStep: optimizer.step,
    ...(optimizer.steps === undefined ? {} : { optimizerSteps: optimizer.steps }),
    config,
    ...(best === undefined ? {} : { best }),
    files,
  }
  const whole = { ...state, sha256: await sha256OfJson(state) }
  return { ...tensors, 'state.json': new TextEncoder().encode(`${JSON.stringify(whole, undefined, 2)}\n`) }
}

const sha256OfJson = async (value: object): Promise<string> => sha256(JSON.stringify(value))

/**
 * The checkpoint in a folder's files.
 * @throws CheckpointError naming the file that is missing or damaged
 */
export async function decodeCheckpoint(files: Readonly<Record<string, Uint8Array | undefined>>): Promise<Checkpoint> {
  for (const name of checkpointFileNames)
    if (files[name] === undefined) throw new CheckpointError(`${name} is missing.`)
  const {
    format,
    formatVersion,
    files: expected,
    optimizerStep,
    optimizerSteps,
    ...state
  } = await parseState(entryOf(files, 'state.json'))
  const tensorsOf = async (name: string) => {
    const bytes = entryOf(files, name)
    const { bytes: size, sha256: digest } = expected[name] ?? { bytes: Number.NaN, sha256: '' }
    if (bytes.length !== size) {
      throw new CheckpointError(`${name} is damaged: it has ${bytes.length} bytes, expected ${size}.`)
    }
    if ((await sha256(bytes)) !== digest) throw new CheckpointError(`${name} is damaged: its checksum differs.`)
    return decodeSafetensors(bytes).tensors
  }
  const model = await tensorsOf('model.safetensors')
  const tensors = await tensorsOf('optimizer.safetensors')
  const steps = optimizerSteps === undefined ? {} : { steps: optimizerSteps }
  return { ...state, model, optimizer: { step: optimizerStep, ...steps, tensors } }
}

/**
 * What state.json says.
 * @throws CheckpointError where it is damaged, or of another version
 */
export async function parseState(bytes: Uint8Array): Promise<State> {
  let state: (Partial<State> & { readonly sha256?: string }) | null
  try {
    state = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as typeof state
  } catch (error) {
    throw new CheckpointError(`state.json is damaged: ${errorMessage(error)}.`, { cause: error })
  }
  if (state?.format !== 'ddnet-checkpoint') throw new CheckpointError('state.json is not that of a checkpoint.')
  const { formatVersion: found } = state
  if (typeof found !== 'number')
    throw new CheckpointError("state.json is damaged: its 'formatVersion' is not a number.")
  if (found < oldestVersion || found > formatVersion || !Number.isInteger(found)) {
    const [age, remedy] =
      found < formatVersion ? ['an older', 'Go on with that version.'] : ['a newer', 'Update @ddnet/trainer.']
    throw new CheckpointError(
      `state.json has format version ${found}, expected ${oldestVersion} or ${formatVersion}: it was written by ${age} version (${isText(state.version) ? state.version : 'unknown'}). ${remedy}`,
    )
  }
  const { sha256: digest, ...rest } = state
  if (digest !== (await sha256OfJson(rest).catch(() => undefined)))
    throw new CheckpointError('state.json is damaged: its checksum differs.')
  for (const [name, is] of Object.entries(parts)) {
    const value: unknown = rest[name as keyof typeof parts]
    if (!is(value)) {
      const problem = value === undefined ? `it has no '${name}'` : `its '${name}' is ${JSON.stringify(value)}`
      throw new CheckpointError(`state.json is damaged: ${problem}.`)
    }
  }
  const whole = rest as State
  return found === formatVersion ? whole : { ...fromFormat2(whole), formatVersion }
}

const isText = (value: unknown): boolean => typeof value === 'string'
const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0
const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const isRecordOf = (value: unknown, is: (part: unknown) => boolean): boolean =>
  isRecord(value) && Object.values(value).every(is)
const has = (value: unknown, names: readonly string[], is: (part: unknown) => boolean): boolean =>
  isRecord(value) && names.every((name) => is(value[name]))

/** What is read of a state, each with what it must be: a checksum tells of accidents, and not who wrote a file. */
const parts = {
  step: isCount,
  phase: (value: unknown) => ['step', 'validation', 'epoch'].includes(value as string),
  loader: (value: unknown) => has(value, ['epoch', 'position'], isCount),
  key: (value: unknown) => has(value, ['high', 'low'], (word) => isCount(word) && (word as number) < 2 ** 32),
  running: (value: unknown) => value !== undefined,
  optimizerStep: isCount,
  optimizerSteps: (value: unknown) => value === undefined || isRecordOf(value, isCount),
  callbacks: (value: unknown) => value === undefined || isRecord(value),
  best: (value: unknown) => value === undefined || (has(value, ['name'], isText) && has(value, ['step'], isCount)),
  files: (value: unknown) =>
    isRecordOf(value, (file) => has(file, ['bytes'], isCount) && has(file, ['sha256'], isText)),
  version: isText,
} satisfies Partial<Record<keyof State, (value: unknown) => boolean>>
