import type { Loader } from '@ddnet/datasets'
import type { ModuleOf } from '@ddnet/layers'
import { type Callback, earlyStopping, type FitOptions, Trainer } from '@ddnet/trainer'
import { fineTuningCallbacks } from './fine-tuning.ts'
import { evaluationBatchSize } from './memory.ts'
import {
  createOptimizer,
  createSchedule,
  evaluationLoader,
  keysOf,
  type LoadedData,
  type RunBatch,
  type RunTask,
  trainingLoader,
} from './parts.ts'
import type { Config } from './settings/config.ts'
import { totalSteps } from './step-counts.ts'

/** What is trained, on what, and how. */
export interface TrainedRun {
  readonly model: ModuleOf
  readonly task: RunTask
  readonly config: Config
  readonly data: LoadedData
}

type Watch = (batches: Loader<RunBatch>) => Loader<RunBatch>

export interface CreateTrainerOptions {
  readonly callbacks?: readonly Callback[]
  /** Wraps the training batches, to look at them. */
  readonly watchTraining?: Watch
  /** Wraps the validation batches. */
  readonly watchValidation?: Watch
  /** Wraps what stops early, where the settings have it stop. */
  readonly earlyStopping?: (callback: Callback) => Callback
}

/** A trainer of one model by the step of a task. */
export type RunTrainer = Pick<Trainer<RunBatch, never, ModuleOf, never>, 'fit' | 'prepare' | 'profile'>

/** The trainer of a run: its data in loaders, its optimizer with its schedule, its task, early stopping and what trains the head first. */
export function createTrainer(
  { model, task, config, data }: TrainedRun,
  {
    callbacks = [],
    watchTraining = (batches) => batches,
    watchValidation = (batches) => batches,
    earlyStopping: wrap = (callback) => callback,
  }: CreateTrainerOptions = {},
): RunTrainer {
  const steps = totalSteps(config, data.train.length)
  const { patience, minDelta } = config.earlyStopping
  const stopping = patience === null ? [] : [wrap(earlyStopping({ patience, minDelta }))]
  const validation =
    data.validation &&
    evaluationLoader(
      data.validation,
      config,
      evaluationBatchSize(model, config, data.facts.image),
      config.validation.images,
    )
  return new Trainer({
    model,
    optimizer: createOptimizer(config, steps, createSchedule(config, steps)),
    data: {
      train: watchTraining(trainingLoader(data.train, config, data.facts)),
      ...(validation && { validation: watchValidation(validation) }),
    },
    ...task,
    monitor: config.monitor ?? task.monitor,
    accumulate: config.accumulate,
    callbacks: [...stopping, ...fineTuningCallbacks(model, config), ...callbacks],
  })
}

/**
 * How long a run trains, when it validates, and what it draws by.
 *
 * @param steps by default all of the run; fewer are a part of it, from which it goes on with the same schedule
 */
export function fitOptions(
  { config, data }: Pick<TrainedRun, 'config' | 'data'>,
  steps: number = totalSteps(config, data.train.length),
): FitOptions<RunBatch> {
  const { every } = config.validation
  return {
    steps,
    key: keysOf(config).training,
    ...(data.validation !== undefined && every !== 'epoch' && { validateEvery: every }),
    ...(config.maxSeconds !== null && { maxSeconds: config.maxSeconds }),
  }
}
