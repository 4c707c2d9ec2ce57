import type { ModuleOf } from '@ddnet/layers'
import { type Callback, type Checkpoint, checkpoint, tensorBoard, toldOf } from '@ddnet/trainer'
import { createSchedule, type LoadedData, type RunTask } from '../parts.ts'
import type { Config } from '../settings/config.ts'
import { stepsPerEpoch, totalSteps } from '../step-counts.ts'
import { type Teacher, teacherFile } from '../teacher.ts'
import { checkSameData } from './compare.ts'
import type { Environment } from './environment.ts'
import { type Continuation, MetricsLog } from './metrics-log.ts'
import { type ConfigRemarks, type OpenedCheckpoint, type RunFolder, runFiles } from './run-folder.ts'
import { recordOf, runDataOf, type TrainedOn } from './run-record.ts'
import { SampleLog } from './sample-log.ts'

/** What a run is trained with. */
export interface RunParts {
  readonly config: Config
  readonly data: LoadedData
  readonly task: RunTask
  readonly backend: TrainedOn
  readonly environment: Environment
  readonly remarks?: ConfigRemarks
  /** What it learns from besides the labels: the run keeps a copy. */
  readonly teacher?: Pick<Teacher, 'file' | 'sha256'> | undefined
}

/** What there is to say where a run goes on. */
export interface GoOnOptions {
  /** Another checkpoint than the last one: what is behind it is set aside. */
  readonly setsAside?: boolean
  /** Where the run's data would be found, where they are not. */
  readonly dataRemedy: string
  /** Something of the run was lost that it can do without. */
  readonly onNote: (message: string) => void
}

/** A run that is written while it trains. */
export class TrainingRun {
  /** What it makes on its way, of a run that makes images. */
  declare readonly samples?: SampleLog

  private constructor(
    readonly folder: RunFolder,
    private readonly parts: Pick<RunParts, 'config' | 'data' | 'task' | 'backend' | 'teacher'>,
    /** Its records. */
    readonly log: MetricsLog,
    private readonly options: Partial<GoOnOptions>,
    /** Where it goes on. */
    readonly resume: Checkpoint | undefined,
  ) {
    const { task } = parts
    if (task.generation) this.samples = new SampleLog(folder.storage, parts, { validates: this.validationImages > 0 })
  }

  /**
   * Begins a run: writes what decides it, and what it is trained on. The folder is the caller's alone, who has its lock.
   */
  static async begin(folder: RunFolder, parts: RunParts): Promise<TrainingRun> {
    const { config, data, environment, remarks, teacher } = parts
    if (teacher !== undefined) await folder.storage.replaceFile(teacherFile, teacher.file)
    await folder.writeConfig(config, remarks)
    await folder.writeJson('environment', environment)
    await folder.writeJson('data', runDataOf(data))
    return new TrainingRun(folder, parts, await openLog(folder, parts), {}, undefined)
  }

  /**
   * Goes on with a run from one of its checkpoints: first what can be refused is, then what is missing is written again. What the
   * folder tells of steps behind the checkpoint is dropped, for it will be measured again.
   *
   * @param parts with the settings of the checkpoint, but for those that may change
   * @throws RunError where the data have become other ones, and for files that are damaged
   */
  static async goOn(
    folder: RunFolder,
    opened: OpenedCheckpoint,
    parts: RunParts,
    options: GoOnOptions,
  ): Promise<TrainingRun> {
    const { checkpoint: resume, record, missing } = opened
    checkSameData(parts.data, record.data, folder.path, options.dataRemedy)
    await folder.refuseLinks()
    const before = await folder.readEnvironment()
    if (missing.includes('config')) {
      await folder.writeConfig(record.saved.config)
      options.onNote(`There is no ${runFiles.config}. It is written again, from the checkpoint.`)
    }
    if (missing.includes('data')) {
      await folder.writeJson('data', record.data)
      options.onNote(`There is no ${runFiles.data}. It is written again, from the checkpoint.`)
    }
    // What it came to is measured again, when it comes to its end.
    const isOver = resume.step >= totalSteps(parts.config, parts.data.train.length)
    if (!isOver) await folder.storage.removeFile(runFiles.result)
    const note = { step: resume.step, ...parts.environment }
    await folder.writeJson('environment', { ...before, resumed: [...(before?.resumed ?? []), note] })
    const log = await openLog(folder, parts, {
      step: resume.step,
      // A record is written before the checkpoint that knows of its validation.
      isValidated: resume.phase !== 'step',
      told: toldOf(resume.callbacks?.['metrics'] ?? null),
      onMismatch: (message) => options.onNote(`${message}. The run goes on, and its curves lack them.`),
    })
    return new TrainingRun(folder, parts, log, options, resume)
  }

  /** How many images a validation takes; 0 where there are none. */
  get validationImages(): number {
    return validationImagesOf(this.parts)
  }

  /** After how many steps there is a checkpoint: in steps also where it is an epoch, so that it is saved before the validation. */
  get saveEvery(): number {
    const { config, data } = this.parts
    return config.checkpoint.every === 'epoch' ? stepsPerEpoch(data.train.length, config) : config.checkpoint.every
  }

  /**
   * What writes the run while it trains, in the order of the trainer's list: its log, TensorBoard's files, and behind them the
   * checkpoints, so that what a checkpoint knows of is in the logs.
   *
   * @param options.when steps to save besides, as where somebody pauses the run
   */
  callbacks(model: ModuleOf, { when }: { readonly when?: (step: number) => boolean } = {}): Callback[] {
    const { config, data, backend, teacher } = this.parts
    return [
      this.log,
      ...(this.samples ? [this.samples] : []),
      tensorBoard({
        to: this.folder.storage,
        histograms: { model },
        onMismatch: (message) =>
          this.options.onNote?.(`${message}. The run goes on, and TensorBoard's curves lack them.`),
      }),
      checkpoint({
        directory: this.folder.checkpoints,
        every: this.saveEvery,
        keep: config.checkpoint.keep,
        config: recordOf(config, runDataOf(data), backend, teacher?.sha256),
        later: this.options.setsAside ? 'setAside' : 'refuse',
        ...(when && { when }),
      }),
    ]
  }
}

const openLog = (
  folder: RunFolder,
  { config, data, task }: Pick<RunParts, 'config' | 'data' | 'task'>,
  continuation?: Continuation,
): Promise<MetricsLog> =>
  MetricsLog.open(
    folder.storage,
    {
      // The loss, and the other scores that are numbers.
      scoreNames: ['loss', ...Object.keys(task.scores).filter((name) => name !== 'loss')],
      validationImages: validationImagesOf({ config, data }),
      schedule: createSchedule(config, totalSteps(config, data.train.length)),
    },
    continuation,
  )

const validationImagesOf = ({ config, data }: Pick<RunParts, 'config' | 'data'>): number =>
  Math.min(config.validation.images, data.validation?.length ?? 0)
