import { existsSync } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import {
  type Config,
  type Entry,
  encodeTeacher,
  entriesOf,
  flatSettings,
  type GivenWeights,
  resolveConfig,
  type SettingCatalog,
} from '@ddnet/experiment'
import { decodeWeights } from '@ddnet/formats'
import { errorCode, errorMessage } from '@ddnet/ops/checks'
import { checkpointName } from '@ddnet/trainer'
import type { CommandContext } from '../context.ts'
import { CliError, whyUnreadable } from '../errors.ts'
import { openCheckpoint } from '../run/open-checkpoint.ts'
import { notARun, runAt } from '../run/runs-on-disk.ts'
import { formatBytes } from '../terminal/format.ts'
import { liveLine } from '../terminal/live-line.ts'
import { createLogger } from '../terminal/logger.ts'
import { progressBar } from '../terminal/progress-line.ts'
import { styleFor } from '../terminal/style.ts'
import { hubAddress } from './hub-address.ts'
import { hubSettings } from './hub-cache.ts'
import { hubFile } from './hub-download.ts'

/** Weights that were found, with what a model must be for them. */
export interface FoundWeights extends GivenWeights {
  /** Settings that they came from: weaker than what anybody says. */
  readonly settings: readonly Entry[]
}

/** More than this is not read as a whole. */
const maxBytes = 4 * 2 ** 30

/**
 * The weights that `weights=…` names: a file, a run or one of its checkpoints, `hf:OWNER/NAME`, or those that DDNet comes with.
 *
 * @throws CliError or UsageError for what there is not or cannot be read, named, with what to do
 */
export async function findWeights(
  text: string,
  catalog: SettingCatalog,
  context: Pick<CommandContext, 'io' | 'args'>,
): Promise<FoundWeights> {
  const { io } = context
  if (text === 'shipped') return shippedWeights(catalog)
  if (text.startsWith('hf:')) return weightsOfHub(text, context)
  const run = runIn(io.cwd, text)
  return run === undefined ? weightsOfFile(resolve(io.cwd, text), text) : weightsOfRun(run, text, catalog, context)
}

/** The settings that `weights=…` brings along: those of a run and of the shipped model; of a file, what the model says that it expects. */
export async function settingsOfWeights(
  layers: readonly (readonly Entry[])[],
  catalog: SettingCatalog,
  context: Pick<CommandContext, 'io' | 'args'>,
): Promise<readonly Entry[]> {
  const text = layers.flat().find(({ path }) => path === 'weights')?.value
  if (typeof text !== 'string') return []
  if (text === 'shipped' || runIn(context.io.cwd, text) !== undefined)
    return (await findWeights(text, catalog, context)).settings
  return expectedImages(text, resolveConfig(layers, 'short', catalog).config, catalog)
}

/**
 * The normalisation that weights of a file expect, by what the model's definition says, where the data has it as settings.
 *
 * @param text what `weights=` says
 */
export function expectedImages(text: string, { model, data }: Config, catalog: SettingCatalog): Entry[] {
  const { weightsExpect } = model.definition
  const setting = catalog.choices.get('data')?.settings[data.name]?.find(({ path }) => path === 'data.mean')
  // Gray images have another one.
  if (weightsExpect === undefined || setting?.schema.safeParse(weightsExpect.mean).success !== true) return []
  const { mean, std } = weightsExpect
  return entriesOf({ 'data.mean': mean, 'data.std': std }, `what weights=${text} expects`, catalog)
}

async function shippedWeights(catalog: SettingCatalog): Promise<FoundWeights> {
  const { cifar10Weights } = await import('@ddnet/models/cifar10')
  const { tensors, channels, classNames, size, mean, std } = cifar10Weights()
  const settings = { model: 'ddnet', 'model.channels': channels, 'data.size': size, 'data.mean': mean, 'data.std': std }
  return {
    name: "DDNet's weights for CIFAR-10",
    tensors,
    classNames,
    settings: entriesOf(settings, 'weights=shipped', catalog),
  }
}

async function weightsOfHub(text: string, { io }: Pick<CommandContext, 'io'>): Promise<FoundWeights> {
  const say = createLogger(io)
  const line = liveLine(io)
  const style = styleFor(io.stderr, io.env)
  try {
    const { path, file } = await hubFile(hubAddress(text), {
      ...(await hubSettings(io.env)),
      maxBytes,
      log: (message) => say('weights', message),
      onProgress: ({ received, total }) =>
        line.update((columns) => {
          const amount = `${formatBytes(received)} of ${formatBytes(total)}`
          return `${amount} ${progressBar(received / total, Math.min(30, columns - amount.length - 1), style)}`
        }),
    })
    line.clear()
    const name = text.endsWith(file) ? text : `${text}/${file}`
    return await weightsOfFile(path, name)
  } finally {
    line.clear()
  }
}

async function weightsOfFile(path: string, name: string): Promise<FoundWeights> {
  const bytes = await readWhole(path, name)
  try {
    const { tensors, unread } = await decodeWeights(bytes, name)
    return { name, tensors, unread, settings: [] }
  } catch (error) {
    if (!(error instanceof Error) || !['PyTorchError', 'SafetensorsError'].includes(error.name)) throw error
    const message = errorMessage(error).replace(/^safetensors: /, `${name}: `)
    throw new CliError(message.startsWith(name) ? message : `${name}: ${message}`, undefined, { cause: error })
  }
}

async function readWhole(path: string, name: string): Promise<Uint8Array> {
  const cannot = (why: string, cause?: unknown) =>
    new CliError(
      `weights=${name}: ${why}. Give a file (.safetensors, .pt), the folder of a run, hf:OWNER/NAME or shipped.`,
      undefined,
      { cause },
    )
  try {
    const found = await stat(path)
    if (found.isDirectory()) throw cannot('it is a folder, and no run')
    if (!found.isFile()) throw cannot('it is not a file')
    if (found.size > maxBytes)
      throw cannot(`it has ${formatBytes(found.size)}, expected at most ${formatBytes(maxBytes)}`)
    return await readFile(path)
  } catch (error) {
    if (error instanceof CliError) throw error
    throw cannot(whyUnreadable(errorCode(error), path), error)
  }
}

/** A run and one of its checkpoints, where a path is that of either. */
function runIn(cwd: string, path: string): { readonly run: string; readonly checkpoint: string } | undefined {
  const isRun = (folder: string) => existsSync(resolve(cwd, folder, 'checkpoints'))
  const plain = path.replace(/(.)[/\\]+$/, '$1')
  const [, above, checkpoint] = /^(.+)[/\\]checkpoints[/\\]([^/\\]+)$/.exec(plain) ?? []
  if (above !== undefined && checkpoint !== undefined && isRun(above)) return { run: above, checkpoint }
  return isRun(plain) ? { run: plain, checkpoint: 'last' } : undefined
}

/**
 * The run that `teacher=…` names, as a run keeps its teacher.
 *
 * @throws CliError for what is no run
 */
export async function findTeacher(text: string, context: Pick<CommandContext, 'io' | 'args'>): Promise<Uint8Array> {
  const found = runIn(context.io.cwd, text)
  const folder = runAt(context.io.cwd, found?.run ?? text)
  if (found === undefined) throw new CliError(`teacher=${text}: ${await notARun(context.io.cwd, folder.path)}`)
  const { checkpoint, record } = await openCheckpoint(folder, found.checkpoint, context)
  return encodeTeacher(join(found.run, 'checkpoints', checkpointName(checkpoint.step)), checkpoint.model, record)
}

async function weightsOfRun(
  { run, checkpoint: name }: { readonly run: string; readonly checkpoint: string },
  text: string,
  catalog: SettingCatalog,
  context: Pick<CommandContext, 'io' | 'args'>,
): Promise<FoundWeights> {
  const { checkpoint, config, record } = await openCheckpoint(runAt(context.io.cwd, run), name, context)
  const flat = flatSettings(config)
  // A model of the run's own that the settings do not name has no definition here.
  const isKnown = catalog.choices.get('model')?.names.includes(config.model.name) ?? false
  const dataSettings = new Set(
    Object.values(catalog.choices.get('data')?.settings ?? {}).flatMap((all) => all.map(({ path }) => path)),
  )
  const wanted = Object.entries(flat).filter(
    ([path]) =>
      (isKnown && (path === 'model' || path.startsWith('model.'))) ||
      (['data.size', 'data.mean', 'data.std'].includes(path) && dataSettings.has(path)),
  )
  return {
    name: join(run, 'checkpoints', checkpointName(checkpoint.step)),
    tensors: checkpoint.model,
    classNames: record.data.classNames,
    settings: entriesOf(Object.fromEntries(wanted), `weights=${text}`, catalog),
  }
}
