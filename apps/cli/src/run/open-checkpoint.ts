import { join } from 'node:path'
import {
  type RunRecord,
  readRecord,
  type SavedSettings,
  type SettingCatalog,
  SettingsError,
  settingsIn,
} from '@ddnet/experiment'
import { type Checkpoint, CheckpointError, loadCheckpoint } from '@ddnet/trainer'
import { checkpointName } from '@ddnet/trainer/node'
import { catalogOfRun } from '../config/own-definitions.ts'
import type { CommandContext } from '../context.ts'
import { CliError } from '../errors.ts'
import { shellWord } from '../terminal/shell-word.ts'
import { checkRecordedData, checkSettings, restore } from './check-record.ts'
import { readRunData } from './run-data.ts'
import { checkedConfig, folderOfRun, hasCheckpoint, notARun, type RunFolder, readConfigOf } from './run-folder.ts'

/** A run as one of its checkpoints left it. */
export interface OpenedCheckpoint extends SavedSettings {
  readonly folder: RunFolder
  readonly checkpoint: Checkpoint
  readonly record: RunRecord
  /** All settings, with the definitions of the user's own that the run names. */
  readonly catalog: SettingCatalog
  /** The files of the run that are not there, and that the checkpoint has in it. */
  readonly missing: readonly ('config.yaml' | 'data.json')[]
}

/**
 * Opens a checkpoint of a run, whose settings and data must be those in the run's folder. Where the folder does not have them any
 * more, they are the checkpoint's.
 *
 * @param name `last`, `best` or the name of its folder
 * @throws CliError for what is not a run, a checkpoint that cannot be read, with the command that takes another one, and for a
 *   folder that says something else
 */
export async function openCheckpoint(
  path: string,
  name: string,
  context: Pick<CommandContext, 'io' | 'args'>,
): Promise<OpenedCheckpoint> {
  const { cwd } = context.io
  const folder = folderOfRun(cwd, path)
  const content = await readConfigOf(folder)
  if (content === undefined && !(await hasCheckpoint(folder))) throw new CliError(await notARun(cwd, folder.path))
  const checkpoint = await load(folder, name, context)
  const shown = join(folder.path, 'checkpoints', checkpointName(checkpoint.step))
  const catalog = await catalogOfRun([content, settingsIn(checkpoint.config)], cwd)
  const here = content === undefined ? undefined : await checkedConfig(folder, content, catalog)
  const record = recordIn(checkpoint, shown, catalog)
  const missing: ('config.yaml' | 'data.json')[] = []
  if (here === undefined) missing.push('config.yaml')
  else checkSettings(join(folder.path, 'config.yaml'), here.entries, shown, record)
  const dataFile = join(folder.path, 'data.json')
  const data = await readRunData(folder.data, restore(dataFile))
  if (data === undefined) missing.push('data.json')
  else checkRecordedData(dataFile, data, shown, record)
  return { folder, ...(here ?? record.saved), checkpoint, record, catalog, missing }
}

/** @throws CliError: that a checkpoint cannot be read is no matter of usage */
function recordIn({ config }: Checkpoint, shown: string, catalog: SettingCatalog): RunRecord {
  try {
    return readRecord(config, `the checkpoint ${shown}`, catalog)
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error
    throw new CliError(`${error.message} Go on with the version of ddnet that wrote it.`, undefined, { cause: error })
  }
}

async function load(folder: RunFolder, name: string, { args }: Pick<CommandContext, 'args'>): Promise<Checkpoint> {
  try {
    return await loadCheckpoint(join(folder.checkpoints, name))
  } catch (error) {
    if (!(error instanceof CheckpointError)) throw error
    const message = error.message.replaceAll(folder.checkpoints, join(folder.path, 'checkpoints'))
    if (error.intact === undefined) throw new CliError(message, undefined, { cause: error })
    const command = ['ddnet', ...otherCheckpoint(args, error.intact)].map(shellWord).join(' ')
    throw new CliError(`${message} Take ${error.intact}, the newest of them that is whole: ${command}`, undefined, {
      cause: error,
    })
  }
}

/** The words of a command line, with another checkpoint. */
function otherCheckpoint(args: readonly string[], name: string): string[] {
  const words = args.filter((word, at) => !/^--checkpoint(=|$)/.test(word) && args[at - 1] !== '--checkpoint')
  return [...words, '--checkpoint', name]
}
