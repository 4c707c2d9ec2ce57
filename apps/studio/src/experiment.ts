import { type Cifar10, cifar10, type DownloadProgress } from '@ddnet/datasets'
import {
  builtIn,
  type Config,
  createTrainer,
  type DataHost,
  entriesOf,
  evaluationBatchSize,
  type RunBatch,
  resolveConfig,
  type SettingCatalog,
  settingCatalog,
  type TrainedRun,
  trainingLoader,
} from '@ddnet/experiment'
import { type Backend, dispose, zeros } from '@ddnet/ops'
import { errorMessage } from '@ddnet/ops/checks'
import type { BlankBatch } from '@ddnet/trainer'
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

/** Compiles what the run needs, where the backend compiles: batches of each size that comes. */
export async function prepare(
  backend: Backend,
  run: TrainedRun,
  onProgress: (progress: { done: number; total: number }) => void,
): Promise<void> {
  const { model, data, config } = run
  const shapes = await firstBatch(run)
  const blank = (training: boolean) => (size: number) => blankBatch(shapes, size, { training })
  const count = Math.min(config.validation.images, data.validation?.length ?? 0)
  const [training, evaluation] = [
    sizesOf(data.train.length, config.batchSize).map(blank(true)),
    sizesOf(count, evaluationBatchSize(model, config, data.facts.image)).map(blank(false)),
  ]
  await createTrainer(run).prepare(backend, { training, evaluation, onProgress })
  dispose([shapes, ...training, ...evaluation])
}

/** The first of the batches that the run is trained on; the caller disposes it. */
export async function firstBatch({ data, config }: Pick<TrainedRun, 'data' | 'config'>): Promise<RunBatch> {
  for await (const batch of trainingLoader(data.train, config, data.facts)) return batch
  throw new RangeError('The data have no training images.')
}

/** Zeros in the place of the samples of a batch: classes, or, in training on mixtures, probabilities of them. */
const blankBatch = (batch: RunBatch, size: number, { training }: { training: boolean }): BlankBatch<RunBatch> => ({
  ...batch,
  image: zeros([size, ...batch.image.shape.slice(1)]),
  label: training ? zeros([size, ...batch.label.shape.slice(1)], batch.label.dtype) : zeros([size], 'int32'),
})

/** The full batch and, if there is one, the smaller last one. */
const sizesOf = (length: number, batchSize: number): number[] =>
  [...new Set([Math.min(batchSize, length), length % batchSize])].filter((size) => size > 0)
