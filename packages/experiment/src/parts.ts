import {
  type Batch,
  type ClassificationSample,
  type Dataset,
  type ImageField,
  type Loader,
  loader,
  map,
  normalize,
  subset,
} from '@ddnet/datasets'
import { type InputSpec, init, type ModuleOf } from '@ddnet/layers'
import { type Key, random } from '@ddnet/ops'
import { itemAt } from '@ddnet/ops/checks'
import { chain, clipByGlobalNorm, ema, keepZeros, type Optimizer, type Schedule, scaleRates } from '@ddnet/optimizers'
import type { DataFacts, DataHost, DataSplits, TaskOf, ValueRange } from './definitions.ts'
import { freezeParameters, rateOf } from './fine-tuning.ts'
import type { Config } from './settings/config.ts'
import { SettingsError } from './settings/settings-error.ts'

// The parts of a run, each as its settings say.

/** The parts of a run's randomness. */
export function keysOf({ seed }: Pick<Config, 'seed'>): {
  readonly model: Key
  readonly data: Key
  readonly training: Key
} {
  const key = random.key(seed)
  return { model: key.fold('model'), data: key.fold('data'), training: key.fold('training') }
}

/** What a run is trained on at a time. */
export type RunBatch = Batch<ClassificationSample>

/** A task as a run has it: of batches of its data, and of its model. */
export type RunTask = TaskOf<RunBatch, ModuleOf>

/**
 * What the model of a run learns.
 *
 * @throws Error for data without what the task needs
 */
export const createTask = ({ task, data }: Pick<Config, 'task' | 'data'>, facts: DataFacts): RunTask =>
  task.definition.create(task.options, facts, rangeOf({ data }))

/** The extremes over all channels. */
function rangeOf(config: Pick<Config, 'data'>): ValueRange {
  const { mean, std } = normalizationOf(config)
  const means = [mean].flat()
  const stds = [std].flat()
  const at = (value: number) => means.map((each, channel) => (value - each) / (stds[channel] ?? itemAt(stds, 0)))
  return { black: Math.min(...at(0)), white: Math.max(...at(1)) }
}

/** What decides a model. */
type ModelSettings = Pick<Config, 'model' | 'task' | 'data' | 'freeze' | 'frozenNorms' | 'rates'>

/**
 * The model of a run, whose weights are not there yet: what it takes can be told of it, and a checkpoint or weights from elsewhere can be
 * loaded into it. What the settings freeze is frozen.
 *
 * @throws Error for data without what the task needs; SettingsError where settings name what the model does not have
 */
export function buildModel(
  { model, freeze, frozenNorms, rates, ...config }: ModelSettings,
  facts: DataFacts,
): ModuleOf {
  const { outputs, conditionClasses } = createTask(config, facts)
  const built = model.definition.create(model.options, { ...facts, outputs, conditionClasses }) as ModuleOf // what the task takes
  freezeParameters(built, { freeze, frozenNorms, rates })
  return built
}

/** What a forward pass of the model takes, of so many images. */
export const inputsOf = (
  { model: { definition } }: Pick<Config, 'model'>,
  model: ModuleOf,
  size: number,
  image: DataFacts['image'],
): readonly InputSpec[] =>
  definition.inputs?.(model, { size, image }) ?? [[size, image.height, image.width, image.channels]]

/**
 * The model of a run, with new weights.
 *
 * @throws Error for data without what the task needs
 */
export const createModel = (config: ModelSettings & Pick<Config, 'seed'>, facts: DataFacts): ModuleOf =>
  init(buildModel(config, facts), keysOf(config).model)

export function createSchedule(
  { schedule, optimizer }: Pick<Config, 'schedule' | 'optimizer'>,
  steps: number,
): Schedule {
  return schedule.definition.create(schedule.options, { learningRate: learningRateOf({ optimizer }), steps })
}

/** The highest learning rate of a run. */
export const learningRateOf = ({ optimizer }: Pick<Config, 'optimizer'>): number =>
  optimizer.options['learningRate'] as number // every optimizer has it

/**
 * @param learningRate in place of the run's own schedule of so many steps
 * @param prefix what stands before its parameters' names in the model, where it is for a part of it
 */
export function createOptimizer(
  config: Pick<Config, 'schedule' | 'optimizer' | 'clipNorm' | 'ema' | 'rates' | 'keepZeros'>,
  steps: number,
  learningRate: Schedule = createSchedule(config, steps),
  prefix = '',
): Optimizer {
  const { definition, options } = config.optimizer
  return chain(
    ...(config.clipNorm === null ? [] : [clipByGlobalNorm(config.clipNorm)]),
    definition.create({ ...options, learningRate }),
    ...(config.rates === null ? [] : [scaleRates(partRates(config.rates, prefix))]),
    ...(config.keepZeros ? [keepZeros()] : []),
    ...(config.ema.decay === 0 ? [] : [ema(config.ema.decay)]),
  )
}

/** The factors of parameters by the names that they have in a part. */
function partRates(rates: Readonly<Record<string, number>>, prefix: string): (path: string) => number {
  const ofModel = rateOf(rates)
  return (path) => ofModel(prefix + path)
}

/** The samples of a run as they are, and what is known of them. */
export type LoadedData = DataSplits & { readonly facts: DataFacts }

/** Loads the data of a run. */
export const loadRunData = ({ data }: Pick<Config, 'data'>, host: DataHost): Promise<LoadedData> =>
  data.definition.load(data.options, host) as Promise<LoadedData> // samples are what the task says that they are

/**
 * Whether samples have all that the task needs of them, by the first one.
 *
 * @throws SettingsError naming what they lack
 */
export async function checkSamples(
  { fields }: Pick<RunTask, 'fields'>,
  { train }: Pick<LoadedData, 'train'>,
  { task, data }: Pick<Config, 'task' | 'data'>,
): Promise<void> {
  const sample = await train.get(0)
  const missing = Object.entries(fields).filter(([name]) => !(name in sample))
  if (missing.length === 0) return
  const needs = missing.map(([name, kind]) => `${name} (${kind})`).join(', ')
  throw new SettingsError(
    `task=${task.name} needs of each sample ${needs}, and those of data=${data.name} have ${Object.keys(sample).join(', ')}. Take other data, or another task.`,
  )
}

/** What is subtracted from pixels of 0…1, and what they are divided by then. */
export const normalizationOf = ({
  data,
}: Pick<Config, 'data'>): { readonly mean: number | readonly number[]; readonly std: number | readonly number[] } =>
  data.definition.normalization?.(data.options) ?? { mean: 0, std: 1 }

/** Samples as the model takes them. */
const prepared = <S extends { readonly image: ImageField }>(
  samples: Dataset<S>,
  { data }: Pick<Config, 'data'>,
  { training = false }: { readonly training?: boolean } = {},
): Dataset<S> =>
  data.definition.prepare === undefined
    ? map(samples, normalize({ mean: [0], std: [1] })) // bytes as numbers from 0 to 1
    : (data.definition.prepare(samples, data.options, { training }) as Dataset<S>) // the same fields

/** One sample as the model takes it. */
export const preparedSample = <S extends { readonly image: ImageField }>(
  sample: S,
  config: Pick<Config, 'data'>,
): Promise<S> => prepared({ length: 1, get: async () => sample, getSync: () => sample }, config).get(0)

/** Training samples in a new order, with new randomness every epoch, mixed where the task mixes them. */
export function trainingLoader(
  train: Dataset<ClassificationSample>,
  config: Config,
  facts: DataFacts,
): Loader<RunBatch> {
  const { definition, options } = config.task
  const samples = prepared(train, config, { training: true })
  return loader(definition.mix?.(samples, options, facts) ?? samples, {
    batchSize: config.batchSize,
    shuffle: true,
    key: keysOf(config).data,
  })
}

/** The first `count` samples (or all, where there are fewer), in their order and as they are. */
export const evaluationLoader = (
  samples: Dataset<ClassificationSample>,
  config: Pick<Config, 'data'>,
  batchSize: number,
  count: number = samples.length,
): Loader<RunBatch> => loader(prepared(subset(samples, Math.min(count, samples.length)), config), { batchSize })
