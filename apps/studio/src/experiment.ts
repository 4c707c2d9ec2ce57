import {
  type Batch,
  type Cifar10,
  type ClassificationSample,
  cifar10,
  type DownloadProgress,
  type Loader,
} from '@ddnet/datasets'
import {
  builtIn,
  type Config,
  createOptimizer,
  createTask,
  type DataHost,
  entriesOf,
  evaluationBatchSize,
  evaluationLoader,
  fineTuningCallbacks,
  keysOf,
  type LoadedData,
  loadRunData,
  resolveConfig,
  type SettingCatalog,
  settingCatalog,
  totalSteps,
  trainingLoader,
} from '@ddnet/experiment'
import type { ModuleOf } from '@ddnet/layers'
import { type Backend, dispose, zeros } from '@ddnet/ops'
import { errorMessage } from '@ddnet/ops/checks'
import {
  type BlankBatch,
  type Callback,
  earlyStopping,
  type FitResult,
  type Snapshot,
  Trainer,
  type TrainingData,
} from '@ddnet/trainer'
import type { PageSettings } from './settings.ts'

/** All settings that there are on the page: those of what comes with DDNet. */
export const catalog: SettingCatalog = settingCatalog(builtIn)

/** The run that the page's own settings begin: the quick look of `ddnet train`, measured twenty times. */
export function configOf({ steps, batchSize, seed, validationImages }: PageSettings): Config {
  const every = Math.max(5, Math.round(steps / 20))
  const settings = {
    ...{ preset: 'quick', steps, batchSize, seed },
    'validation.every': every,
    'validation.images': validationImages,
    'checkpoint.every': every,
  }
  return resolveConfig([entriesOf(settings, 'the page', catalog)], 'quick', catalog).config
}

/** What a run's data may ask of a page, beside whose address they lie. */
export const pageHost = (pageUrl: string, onProgress: (progress: DownloadProgress) => void = () => {}): DataHost => ({
  async cifar10(): Promise<Cifar10> {
    try {
      return await cifar10({ url: new URL('cifar10/', pageUrl).href, onProgress })
    } catch (error) {
      const message = `${errorMessage(error)} In this repository: pnpm --filter @ddnet/studio shards`
      throw new Error(message, { cause: error })
    }
  },
  imageFolder: () => refuse('data=folder'),
  files: (directory) => {
    throw new Error(`${directory}: a page has no folders. Go on with \`ddnet train\`.`)
  },
  npmPackage: ({ spec }) => refuse(`data from npm’s ${spec}`, 'packages'),
  log: () => {},
})

const refuse = (what: string, lacks = 'folders'): Promise<never> =>
  Promise.reject(new Error(`the run has ${what}, and a page has no ${lacks}. Go on with \`ddnet train\`.`))

/** The data of a run of the page. */
export const loadData = (config: Config, host: DataHost): Promise<LoadedData> => loadRunData(config, host)

/** Images to measure on while training; none where a run trains on all of them. */
function validationBatches(
  model: ModuleOf,
  { validation, facts }: LoadedData,
  config: Config,
): Loader<Batch<ClassificationSample>> | undefined {
  if (validation === undefined) return undefined
  return evaluationLoader(validation, config, evaluationBatchSize(model, config, facts.image), config.validation.images)
}

function createTrainer(
  model: ModuleOf,
  { train, facts }: LoadedData,
  config: Config,
  { data, callbacks = [] }: { data?: TrainingData<Batch<ClassificationSample>>; callbacks?: readonly Callback[] } = {},
) {
  const task = createTask(config, facts)
  return new Trainer({
    model,
    optimizer: createOptimizer(config, totalSteps(config, train.length)),
    ...(data && { data }),
    ...task,
    monitor: config.monitor ?? task.monitor,
    accumulate: config.accumulate,
    callbacks,
  })
}

/** Compiles what the run needs, where the backend compiles: batches of each size that comes. */
export async function prepare(
  backend: Backend,
  model: ModuleOf,
  data: LoadedData,
  config: Config,
  onProgress: (progress: { done: number; total: number }) => void,
): Promise<void> {
  const { image } = data.facts
  const empty = (size: number): BlankBatch<Batch<ClassificationSample>> => ({
    image: zeros([size, image.height, image.width, image.channels]),
    label: zeros([size], 'int32'),
  })
  const count = Math.min(config.validation.images, data.validation?.length ?? 0)
  const [training, evaluation] = [
    sizesOf(data.train.length, config.batchSize).map(empty),
    sizesOf(count, evaluationBatchSize(model, config, image)).map(empty),
  ]
  await createTrainer(model, data, config).prepare(backend, { training, evaluation, onProgress })
  for (const batch of [...training, ...evaluation]) dispose(Object.values(batch))
}

/** The full batch and, if there is one, the smaller last one. */
const sizesOf = (length: number, batchSize: number): number[] =>
  [...new Set([Math.min(batchSize, length), length % batchSize])].filter((size) => size > 0)

interface TrainingOptions {
  readonly callbacks?: readonly Callback[]
  /** Wraps the training batches, to look at them. */
  readonly watch?: (batches: Loader<Batch<ClassificationSample>>) => Loader<Batch<ClassificationSample>>
  readonly resume?: Snapshot | undefined
}

/** Trains `model` in place, as `ddnet train` does with the same settings. */
export function train(
  model: ModuleOf,
  data: LoadedData,
  config: Config,
  { callbacks = [], watch = (batches) => batches, resume }: TrainingOptions = {},
): Promise<FitResult> {
  const validation = validationBatches(model, data, config)
  const { every } = config.validation
  const { patience, minDelta } = config.earlyStopping
  const early = patience === null ? [] : [earlyStopping({ patience, minDelta })]
  const batches = { train: watch(trainingLoader(data.train, config)), ...(validation !== undefined && { validation }) }
  return createTrainer(model, data, config, {
    data: batches,
    callbacks: [...early, ...fineTuningCallbacks(model, config), ...callbacks],
  }).fit({
    steps: totalSteps(config, data.train.length),
    ...(validation !== undefined && every !== 'epoch' && { validateEvery: every }),
    key: keysOf(config).training,
    ...(config.maxSeconds !== null && { maxSeconds: config.maxSeconds }),
    ...(resume && { resume }),
  })
}
