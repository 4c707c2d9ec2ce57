import { type Batch, cifar10, type ImageField } from '@ddnet/datasets'
import { init, type Module } from '@ddnet/layers'
import type { Callback, FitResult, Scores, Snapshot, StepContext } from '@ddnet/trainer'
import type { ReportData } from '@ddnet/visuals'
import type { z } from 'zod'
import { type BuiltIn, builtIn } from './built-in/registry.ts'
import { createTrainer, fitOptions } from './create-trainer.ts'
import type { AnyDefinition, AnyTask, DataFacts, DataHost, DataSplits } from './definitions.ts'
import { type Evaluation, evaluateHeldOut, heldOut } from './held-out.ts'
import { type GivenWeights, loadWeights } from './load-weights.ts'
import { buildModel, checkSamples, createTask, keysOf, loadRunData } from './parts.ts'
import { firstSamples, predictSample, predictSamples, type RunSample } from './predict.ts'
import { type MeasuredStep, reportData } from './report-data.ts'
import type { Config } from './settings/config.ts'
import { entriesOf } from './settings/entries.ts'
import type { Kind } from './settings/kinds.ts'
import { resolveConfig } from './settings/resolve.ts'
import { settingCatalog } from './settings/setting-catalog.ts'
import { SettingsError } from './settings/settings-error.ts'
import type { FlatGeneralSettings } from './settings/typed.ts'
import { learnedFrom, type Teacher } from './teacher.ts'

type Named<D, K extends Kind, Name> = Extract<D, { readonly kind: K; readonly name: Name }>
type NameOf<D, K extends Kind> = Extract<D, { readonly kind: K; readonly name: string }>['name']

/** The options of a definition by the keys of settings: `channels` of a model is `model.channels`. */
type OptionsOf<K extends Kind, D> = D extends { readonly options: z.ZodType<object, infer Input> }
  ? { readonly [Key in keyof Input & string as `${K}.${Key}`]?: Input[Key] }
  : never

/** What a definition makes. */
type Made<D> = D extends { create: (...inputs: never[]) => infer Made } ? Made : never
type SampleOf<D> = D extends { load: (...inputs: never[]) => Promise<DataSplits<infer S>> } ? S : never

/** What a step takes: a batch, and a model. */
type StepOf<T> = T extends { step: (batch: infer B, context: StepContext<infer Net>) => unknown }
  ? { readonly batch: B; readonly net: Net }
  : { readonly batch: never; readonly net: never }

type PredictionOf<T> = T extends { predict: (...inputs: never[]) => Promise<(infer P)[]> } ? P : unknown

/** Nothing where data and model are what the task takes; else a property that nobody has, whose name says what does not fit. */
type Fitting<T, S, M> = ([StepOf<T>['batch']] extends [never]
  ? unknown
  : [Batch<S>] extends [StepOf<T>['batch']]
    ? unknown
    : { readonly 'the samples of the data lack fields that the task needs': never }) &
  ([StepOf<T>['net']] extends [never]
    ? unknown
    : [M] extends [StepOf<T>['net']]
      ? unknown
      : { readonly 'the model does not take or give what the task needs': never })

/** The settings of an experiment: those of the task, the data and the model that they name, and all general ones. */
export type ExperimentSettings<
  D,
  T extends NameOf<D, 'task'>,
  S extends NameOf<D, 'data'>,
  M extends NameOf<D, 'model'>,
  O extends NameOf<D, 'optimizer'>,
  C extends NameOf<D, 'schedule'>,
> = {
  readonly task: T
  readonly data: S
  readonly model: M
  readonly optimizer?: O
  readonly schedule?: C
} & OptionsOf<'task', Named<D, 'task', T>> &
  OptionsOf<'data', Named<D, 'data', S>> &
  OptionsOf<'model', Named<D, 'model', M>> &
  OptionsOf<'optimizer', Named<D, 'optimizer', O>> &
  OptionsOf<'schedule', Named<D, 'schedule', C>> &
  FlatGeneralSettings

export interface ExperimentOptions<D extends AnyDefinition> {
  /** What settings choose by name: `[...builtIn, mine]`. By default what comes with DDNet. */
  readonly registry?: readonly D[]
  /**
   * What the data may ask for. By default `cifar10` as `@ddnet/datasets` has it; folders and files are what an app brings, as
   * `{ files: diskFiles }` of `@ddnet/datasets/node`.
   */
  readonly host?: Partial<DataHost>
  /** What the model begins with, where the settings say `weights`: the tensors of a file, as `decodeWeights` of `@ddnet/formats` reads them. */
  readonly weights?: GivenWeights
  /** What the model learns from besides the labels, where the settings say `teacher`: `await readTeacher(…)`, which stays the caller's. */
  readonly teacher?: Teacher
}

export interface TrainOptions {
  /** Checkpoints, logs, whatever a trainer takes. */
  readonly callbacks?: readonly Callback[]
  /** Ends the training after its step when it is aborted. */
  readonly signal?: AbortSignal
  /** Where to go on: `await loadCheckpoint(folder)`. */
  readonly resume?: Snapshot
}

/** A run from settings, with the types of what they name. */
export interface Experiment<M extends Module, T extends AnyTask, S> {
  /** All settings, with the values of preset and defaults. */
  readonly config: Config
  /** With the weights that the seed draws. Whoever is done with it disposes it. */
  readonly model: M
  readonly task: T
  readonly data: DataSplits<S> & { readonly facts: DataFacts }
  /** Trains as the settings say, with their schedule, validations and early stopping. */
  train(options?: TrainOptions): Promise<FitResult>
  /** Measures the model on its test samples, or, without any, on those that it chose by. */
  evaluate(): Promise<Evaluation>
  /** What the model says of one sample, which needs to have no more of the task's fields than the image. */
  predict(sample: Partial<S> & { readonly image: ImageField }): Promise<PredictionOf<T>>
  /** What `htmlReport` of `@ddnet/visuals` makes a page of: settings, curves, the evaluation, predictions. */
  report(title: string): Promise<ReportData>
}

/**
 * A run from settings: the data that they name, the model with new weights, the task, and what trains, measures and tells of them. Settings
 * are those of the command line. Names and options that there are not, and data and models that do not fit the task, are errors
 * of types, and of `SettingsError` for whoever has none.
 *
 * @throws SettingsError for settings that are wrong or contradict each other; what loading the data throws
 * @example
 * await wasm()
 * const run = await experiment({ task: 'classification', data: 'cifar10', model: 'ddnet', 'model.channels': [16, 32], steps: 300 })
 * await run.train()
 * console.log((await run.evaluate()).headline, run.model.encoder.length)
 */
export async function experiment<
  D extends AnyDefinition = BuiltIn,
  const T extends NameOf<D, 'task'> = NameOf<D, 'task'>,
  const S extends NameOf<D, 'data'> = NameOf<D, 'data'>,
  const M extends NameOf<D, 'model'> = NameOf<D, 'model'>,
  const O extends NameOf<D, 'optimizer'> = NameOf<D, 'optimizer'>,
  const C extends NameOf<D, 'schedule'> = NameOf<D, 'schedule'>,
>(
  settings: ExperimentSettings<D, T, S, M, O, C> &
    Fitting<Made<Named<D, 'task', T>>, SampleOf<Named<D, 'data', S>>, Made<Named<D, 'model', M>>>,
  { registry, host = {}, weights, teacher }: ExperimentOptions<D> = {},
): Promise<Experiment<Made<Named<D, 'model', M>>, Made<Named<D, 'task', T>>, SampleOf<Named<D, 'data', S>>>> {
  const catalog = settingCatalog(registry ?? builtIn)
  const { config } = resolveConfig([entriesOf(settings, 'experiment', catalog)], 'ddnet', catalog)
  if (config.weights !== null && weights === undefined) {
    throw new SettingsError(
      `weights=${config.weights} is a file that an experiment does not read. Bring what is in it: { weights: { name, tensors } }, with the tensors of decodeWeights of @ddnet/formats.`,
    )
  }
  if (config.teacher !== null && teacher === undefined) {
    throw new SettingsError(
      `teacher=${config.teacher} is a run that an experiment does not read. Bring it: { teacher: await readTeacher(file, …) }, with the teacher.safetensors of a run that learned from it.`,
    )
  }
  const data = await loadRunData(config, { ...defaultHost, ...host })
  const model = buildModel(config, data.facts)
  if (weights !== undefined) loadWeights(model, weights, config, data.facts.classNames)
  init(model, keysOf(config).model)
  const plain = createTask(config, data.facts)
  await checkSamples(plain, data, config)
  const task = teacher === undefined ? plain : learnedFrom(plain, teacher, config, data.facts)
  const run = { model, task, config, data, facts: data.facts }
  const records: MeasuredStep[] = []
  const images = Math.min(config.validation.images, data.validation?.length ?? 0)
  let [step, seconds, began] = [0, 0, 0]
  const watching: Callback = {
    onStart({ startStep }) {
      step = startStep
      began = performance.now()
    },
    onStep(event) {
      step = event.step
    },
    onValidation({ step, learningRate, train, validation }) {
      records.push({
        step,
        learningRate,
        seconds: seconds + (performance.now() - began) / 1000,
        train: numbersIn(train),
        validation: { ...numbersIn(validation), images },
      })
    },
    onEnd() {
      seconds += (performance.now() - began) / 1000
    },
  }
  return {
    config,
    model,
    task,
    data,
    train: ({ callbacks = [], ...options }: TrainOptions = {}) =>
      createTrainer(run, { callbacks: [watching, ...callbacks] }).fit({ ...fitOptions(run), ...options }),
    evaluate: () => evaluateHeldOut(run),
    predict: (sample: RunSample) => predictSample(run, sample),
    async report(title: string) {
      const samples = await predictSamples(run, await firstSamples(heldOut(data).samples))
      const evaluation = await evaluateHeldOut(run)
      return reportData({ title, config, model, task, facts: data.facts, step, records, evaluation, samples })
    },
  } as never // each of these is what the definitions of these names say
}

/** The scores that are numbers. */
const numbersIn = (scores: Scores): Readonly<Record<string, number>> =>
  Object.fromEntries(Object.entries(scores).filter((entry): entry is [string, number] => typeof entry[1] === 'number'))

const needs = (what: string, how: string): Promise<never> =>
  Promise.reject(new Error(`experiment: the data asks for ${what}. Bring it as { host: { ${how} } }.`))

const defaultHost: DataHost = {
  cifar10: ({ directory }) => cifar10(directory === null ? {} : { directory }),
  imageFolder: () => needs('a folder of images', 'imageFolder: async ({ directory, size }) => …'),
  files(directory) {
    throw new Error(
      `experiment: the data asks for the files of ${directory}. Bring them as { host: { files: diskFiles } }, with diskFiles of @ddnet/datasets/node.`,
    )
  },
  npmPackage: ({ spec }) => needs(`the files of npm's ${spec}`, 'npmPackage: npmFiles'),
  log: () => {},
}
