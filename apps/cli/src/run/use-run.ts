import {
  builtIn,
  type Config,
  createModel,
  createTask,
  type DataFacts,
  factsOf,
  type RequestedBackend,
  type RunFolder,
  type RunTask,
  settingCatalog,
} from '@ddnet/experiment'
import type { ModuleOf } from '@ddnet/layers'
import type { Snapshot } from '@ddnet/trainer'
import { backendOfRun } from '../backend/backend-of-run.ts'
import { selectBackend } from '../backend/select-backend.ts'
import { readArguments } from '../config/read-entries.ts'
import type { CommandContext } from '../context.ts'
import type { LabelledImages } from '../data/labelled-images.ts'
import { loadData } from '../data/load-data.ts'
import { createLogger } from '../terminal/logger.ts'
import { openCheckpoint } from './open-checkpoint.ts'
import { indexOf, otherCheckpoint } from './other-checkpoint.ts'
import { runAt } from './runs-on-disk.ts'

/** A finished or interrupted run, ready to be used. */
export interface UsedRun {
  readonly folder: RunFolder
  readonly config: Config
  readonly checkpoint: Snapshot
  readonly model: ModuleOf
  readonly task: RunTask
  /** What the model was made by. */
  readonly facts: DataFacts
  readonly classNames: readonly string[]
  /** Loads the images that the run was trained on; who only predicts needs none. */
  loadData(): Promise<LabelledImages>
  dispose(): void
}

export interface UseOptions {
  /** Name of the checkpoint. */
  readonly checkpoint: string
  readonly backend?: string
  /** Why it is this backend, where the command chose it and not its user. */
  readonly reason?: string
}

/**
 * Loads a checkpoint of a run into its model, on the backend that trained it unless another is asked for.
 *
 * @throws CliError, UsageError or CheckpointError for a run or checkpoint that cannot be used
 */
export async function useRun(
  path: string,
  { checkpoint: name, backend: asked, reason: ours }: UseOptions,
  context: CommandContext,
): Promise<UsedRun> {
  const { io, start, loadData: load, version } = context
  const say = createLogger(io)
  const requested = explicitBackend(asked, io)
  const folder = runAt(io.cwd, path)
  const { config, checkpoint, record } = await openCheckpoint(folder, name, context)
  const trial = { config, version, io }
  const { backend, title, reason } =
    requested === undefined
      ? await backendOfRun(record.backend, trial, start)
      : await selectBackend(requested, trial, start)
  say('backend', `${title} (${ours ?? reason})`)
  try {
    const facts = factsOf(record.data)
    const model = createModel(config, facts)
    model.loadStateDict(checkpoint.model)
    say('run', `${folder.path}, checkpoint ${name}, step ${checkpoint.step}`)
    const index = await indexOf(folder.checkpoints)
    // Of a damaged log nothing can be told, and nothing of it is used.
    const records = await folder.readRecords().catch(() => [])
    const task = createTask(config, facts)
    const other = index && otherCheckpoint(checkpoint.step, index, records, task.scores)
    if (other !== undefined) say('', other)
    return {
      folder,
      config,
      checkpoint,
      model,
      task,
      facts,
      classNames: record.data.classNames,
      loadData: () => loadData(config, io, load),
      dispose: () => {
        model.dispose()
        backend.dispose()
      },
    }
  } catch (error) {
    backend.dispose()
    throw error
  }
}

/**
 * The backend that `--backend` or `DDNET_BACKEND` asks for.
 *
 * @throws UsageError for one that there is not
 */
export function explicitBackend(
  asked: string | undefined,
  { env }: CommandContext['io'],
): RequestedBackend | undefined {
  const text = asked ?? env.DDNET_BACKEND
  if (text === undefined) return undefined
  const [entry] = readArguments(
    [`backend=${text}`],
    settingCatalog(builtIn),
    asked === undefined ? 'DDNET_BACKEND' : '--backend',
  )
  return entry?.value as RequestedBackend
}
