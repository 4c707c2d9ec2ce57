import type { Loader } from '@ddnet/datasets'
import type { ModuleOf } from '@ddnet/layers'
import type { Measures } from '@ddnet/metrics'
import type { Optimizer, Schedule } from '@ddnet/optimizers'
import {
  type Callback,
  type EvaluationContext,
  earlyStopping,
  type FitOptions,
  type Models,
  type StepResult,
  Trainer,
} from '@ddnet/trainer'
import { fineTuningCallbacks, patternsOf } from './fine-tuning.ts'
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
import { SettingsError } from './settings/settings-error.ts'
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

/** A trainer of a run, whether it trains one model or several networks. */
export type RunTrainer = Pick<Trainer<RunBatch, never, never, never>, 'fit' | 'prepare' | 'profile'>

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
  const schedule = createSchedule(config, steps)
  const common = {
    data: {
      train: watchTraining(trainingLoader(data.train, config, data.facts)),
      ...(validation && { validation: watchValidation(validation) }),
    },
    monitor: config.monitor ?? task.monitor,
    callbacks: [...stopping, ...fineTuningCallbacks(model, config), ...callbacks],
  }
  const learners = learnersOf({ model, task, config }, steps)
  return 'models' in learners
    ? new Trainer({ ...learners, optimizers: learners.optimizers(schedule), ...common })
    : new Trainer({ ...learners, optimizer: learners.optimizer(schedule), ...common })
}

/** One model and how it learns, whose optimizer takes the rates of a schedule: what a trainer takes, and what `findLearningRate` does. */
interface OneLearner {
  readonly model: ModuleOf
  readonly step: RunTask['step']
  readonly accumulate: number
  readonly optimizer: (learningRate: Schedule) => Optimizer
}

/** The same of networks that are trained against each other. */
interface SeveralLearners {
  readonly models: Models
  readonly step: NonNullable<RunTask['networks']>['step']
  readonly evaluate: (batch: RunBatch, context: EvaluationContext<Models>) => StepResult<Measures>
  readonly optimizers: (learningRate: Schedule) => Readonly<Record<string, Optimizer>>
}

export type Learners = OneLearner | SeveralLearners

/**
 * What a run trains, and by which optimizers: one for its model, or one for each of the networks that its task trains against each other. All have
 * the settings' optimizer and schedule; of a network that learns in every n-th step alone, the schedule goes n steps at a time.
 *
 * @throws SettingsError for what several networks cannot do
 */
export function learnersOf(
  { model, task, config }: Pick<TrainedRun, 'model' | 'task' | 'config'>,
  steps: number,
): Learners {
  const { networks } = task
  if (networks === undefined) {
    return {
      model,
      step: task.step,
      accumulate: config.accumulate,
      optimizer: (rate) => createOptimizer(config, steps, rate),
    }
  }
  if (config.accumulate > 1) {
    throw new SettingsError(
      `accumulate=${config.accumulate}: task=${task.name} trains several networks in a step, each by the one batch of it. Try accumulate=1 batchSize=${config.batchSize * config.accumulate}`,
    )
  }
  const models = networks.of(model)
  for (const [name, each] of Object.entries(models)) {
    if ([...each.parameters().values()].some(({ frozen }) => !frozen)) continue
    throw new SettingsError(
      `freeze=${patternsOf(config.freeze).join(',')} leaves nothing of the ${name} to train. Leave some of it out.`,
    )
  }
  return {
    models,
    step: networks.step,
    evaluate: (batch, { key, step }) => task.evaluate(batch, { model, key, step, training: false }),
    optimizers: (rate) =>
      Object.fromEntries(
        Object.keys(models).map((name) => {
          const every = networks.every?.[name] ?? 1
          const slowed: Schedule = every === 1 ? rate : Object.assign((step: number) => rate(step * every), rate)
          return [name, createOptimizer(config, steps, slowed, `${name}.`)]
        }),
      ),
  }
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
