import type { Cifar10, ClassificationSample, Dataset, Files } from '@ddnet/datasets'
import type { NpmPackage } from '@ddnet/datasets/node'
import type { InputSpec, Module, ModuleOf, StateDict } from '@ddnet/layers'
import type { Measures } from '@ddnet/metrics'
import type { Optimizer, Schedule } from '@ddnet/optimizers'
import type { DataFacts, DistillationOptions, Generation, Networks, Task, WholePicture } from '@ddnet/tasks'
import type { StepContext, StepResult } from '@ddnet/trainer'
import type { z } from 'zod'
import type { FlatSettings, Kind, PlaceOf } from './settings/kinds.ts'
import type { PresetName } from './settings/presets.ts'

export type { DataFacts } from '@ddnet/tasks'

/** Any of the options; what is left out takes its default. */
export type Given<Options> = { readonly [Key in keyof Options]?: Options[Key] | undefined }

/** What a part of an experiment is called and what can be set of it. */
interface Definition<out K extends Kind, out Name extends string, Input extends object, Options extends object> {
  readonly kind: K
  /** As settings name it: `model=NAME`. */
  readonly name: Name
  /** What a definition in a file of the user's own calls itself; its `name` is then the file's path. */
  readonly ownName?: string
  /** A strict object of zod in which each option has a default: `z.strictObject({ width: z.int().positive().default(32) })`. */
  readonly options: z.ZodType<Options, Input>
  /**
   * Whether the settings of a run go together, as far as this part knows.
   *
   * @param settings all of the run's, by path
   * @param placeOf who decided the first of some paths that somebody decided, for the message
   * @throws SettingsError with what to set instead
   */
  check?(options: Options, settings: FlatSettings, placeOf: PlaceOf): void
}

/** A family of models: one file, which says what can be set and makes the network. */
export interface ModelDefinition<
  out Name extends string = string,
  Input extends object = object,
  Options extends object = object,
  out M extends Module = ModuleOf,
> extends Definition<'model', Name, Input, Options> {
  /** The names of the tasks that it can be trained for, as their definitions say them. */
  readonly tasks: readonly string[]
  /**
   * What its outputs come from, by dotted names as `model.freeze` takes them: it begins anew where weights from elsewhere have another number
   * of outputs, and is what `headFirst` trains first.
   */
  readonly head?: string | readonly string[]
  /**
   * What images must go through for the weights that others have trained for it: where weights are of a file and nobody says `data.mean` and
   * `data.std`, they are these.
   */
  readonly weightsExpect?: { readonly mean: readonly number[]; readonly std: readonly number[] }
  /** The tensors of a file of another library, whose names are not those of the model, by the model's names. */
  weightNames?(tensors: StateDict): StateDict
  /**
   * Settings that count with it where nobody gives others, by path: what a preset says is for models that classify. A choice (`task`,
   * `optimizer`, `schedule`) goes with its own settings, which do not count where another one is chosen.
   */
  readonly recipe?: Readonly<Record<string, unknown>>
  /** What a forward pass of a batch takes, of a model that takes something else than the images alone. */
  inputs?(model: M, batch: { readonly size: number; readonly image: DataFacts['image'] }): readonly InputSpec[]
  /** Which channels hang together, so that some can be taken out of all that they go through: for `ddnet prune`. */
  channelGroups?(options: Options): readonly ChannelGroup[]
  /** The network for data, with as many outputs as its task takes; its weights are drawn afterwards. */
  create(options: Options, facts: ModelFacts): M
}

/** What a model is made by. */
export interface ModelFacts extends DataFacts {
  readonly outputs: number
  /** Of how many classes images are, where the task has the model be told each image's. */
  readonly conditionClasses?: number | undefined
}

/** Channels of a network that are one and the same: what gives them, what normalises them, and what takes them. Modules by their dotted names. */
export interface ChannelGroup {
  /** Which number of the option `channels` counts them. */
  readonly channels: number
  /** Convolutions, which give one or more values for each of them. */
  readonly outputs: readonly string[]
  readonly norms: readonly string[]
  readonly inputs: readonly string[]
  /** What their number must divide by: the groups of a group norm. */
  readonly multipleOf?: number
}

/** What a data definition may ask of the app: a disk or a server, and somebody who is told how it goes. */
export interface DataHost {
  cifar10(options: { readonly directory: string | null }): Promise<Cifar10>
  /** Images in a folder a class, decoded, as squares of `size`; without some of them to validate on, a share of those to train on. */
  imageFolder(options: {
    readonly directory: string
    readonly size: number
    readonly onError: 'throw' | 'skip'
    readonly validation: number
  }): Promise<DataSplits & { readonly classNames: readonly string[] }>
  /** The files in a folder. */
  files(directory: string): Files
  /** The files in a package of npm, which is fetched once and compared with its checksum, as `npmFiles` of `@ddnet/datasets/node` does. */
  npmPackage(options: NpmPackage): Promise<Files>
  /** Tells whoever waits. */
  log(message: string): void
}

/** Samples to train on, and those that are held out. */
export interface DataSplits<S = ClassificationSample> {
  readonly train: Dataset<S>
  /** What a run chooses by while it trains: its best checkpoint, and when to stop. None where it trains on all samples. */
  readonly validation?: Dataset<S>
  /** Looked at once, when all is chosen. */
  readonly test?: Dataset<S>
  /** Which samples all of these are, of data whose samples have names. */
  readonly samples?: NamedSamples
}

/** Which samples a run has, so that one which goes on with others is noticed. */
export interface NamedSamples {
  /** SHA-256 of the names of all that are in, in their order. */
  readonly names: string
  /** SHA-256 of what is in their files, where that is looked at. */
  readonly contents?: string | undefined
  /** The names of those that could not be read, and were left out. */
  readonly leftOut: readonly string[]
}

/** A source of data. */
export interface DataDefinition<
  out Name extends string = string,
  Input extends object = object,
  Options extends object = object,
  S = ClassificationSample,
> extends Definition<'data', Name, Input, Options> {
  /** The preset that counts with it, where no other is given. */
  readonly preset?: PresetName
  /** What it is called in titles: `CIFAR-10`. */
  title?(options: Options): string
  /** What is known before anything is loaded. A model that cannot fit is then refused before a download. */
  facts?(options: Options): DataFacts
  /** What is subtracted from pixels of 0…1, and what they are divided by then: for whoever uses the model elsewhere. */
  normalization?(options: Options): {
    readonly mean: number | readonly number[]
    readonly std: number | readonly number[]
  }
  /** The samples as they are, before any transform, and what is known of them. */
  load(options: Options, host: DataHost): Promise<DataSplits<S> & { readonly facts: DataFacts }>
  /**
   * The samples as the model takes them: with what is drawn at random for training, without it for all else. Without this, images of
   * bytes become numbers from 0 to 1.
   */
  prepare?(samples: Dataset<S>, options: Options, use: { readonly training: boolean }): Dataset<S>
}

/** What a model is trained for. */
export interface TaskDefinition<
  out Name extends string = string,
  Input extends object = object,
  Options extends object = object,
  out Made extends AnyTask = AnyTask,
> extends Definition<'task', Name, Input, Options> {
  /** What a step measures besides the loss, by name: what `monitor` may be. */
  readonly metrics: readonly string[]
  /** @throws Error for data without what the task needs */
  create(options: Options, facts: DataFacts, range: ValueRange): Made
  /** What becomes of samples that are trained on, when they are as the model takes them: mixtures of them, where the options want any. */
  mix?<S extends object>(samples: Dataset<S>, options: Options, facts: DataFacts): Dataset<S>
}

/** What black and white are in the images that a model is given. */
export interface ValueRange {
  readonly black: number
  readonly white: number
}

/** A task as a run has it, of batches and a model. Its steps are methods, so that a task of any batches and model is one. */
export interface TaskOf<Batch, Net>
  extends Omit<
    Task<never, never, Measures, Measures, unknown>,
    'fields' | 'step' | 'evaluate' | 'predict' | 'predictWhole' | 'generation' | 'networks' | 'distill'
  > {
  readonly fields: Readonly<Record<string, string>>
  readonly generation?: Generation<Net>
  readonly networks?: Networks<Batch, Net>
  distill?(teacher: Net, options: DistillationOptions): TaskOf<Batch, Net>
  predict(model: Net, batch: Partial<Batch>): Promise<unknown[]>
  predictWhole?(model: Net, picture: WholePicture): Promise<unknown>
  step(batch: Batch, context: StepContext<Net>): StepResult<Measures>
  evaluate(batch: Batch, context: StepContext<Net>): StepResult<Measures>
}

/** Any task; the settings say whether its batches and model are those of the run. */
export type AnyTask = TaskOf<never, never>

/** The rate of each step. */
export interface ScheduleDefinition<
  out Name extends string = string,
  Input extends object = object,
  Options extends object = object,
> extends Definition<'schedule', Name, Input, Options> {
  create(options: Options, run: { readonly learningRate: number; readonly steps: number }): Schedule
}

/** What makes updates of gradients. One of its options is `learningRate`, the highest of a schedule. */
export interface OptimizerDefinition<
  out Name extends string = string,
  Input extends object = object,
  Options extends { readonly learningRate: number } = { readonly learningRate: number },
> extends Definition<'optimizer', Name, Input, Options> {
  create(options: Omit<Options, 'learningRate'> & { readonly learningRate: Schedule }): Optimizer
}

/** Any definition, whatever its options. */
export type AnyDefinition =
  | ModelDefinition<string, object, object, Module>
  | TaskDefinition
  | DataDefinition<string, object, object, unknown>
  | OptimizerDefinition
  | ScheduleDefinition

export type DefinitionOf<K extends Kind> = Extract<AnyDefinition, { readonly kind: K }>

/** What settings choose by name. It is a list that is passed, not a global: the built-in one, and whatever else there is. */
export type Registry = readonly AnyDefinition[]

/** A model of your own, with the types of its options inferred. */
export const defineModel = <const Name extends string, Input extends object, Options extends object, M extends Module>(
  definition: Omit<ModelDefinition<Name, Input, Options, M>, 'kind'>,
): ModelDefinition<Name, Input, Options, M> => ({ kind: 'model', ...definition })

/** A source of data of your own. */
export const defineData = <const Name extends string, Input extends object, Options extends object, S>(
  definition: Omit<DataDefinition<Name, Input, Options, S>, 'kind'>,
): DataDefinition<Name, Input, Options, S> => ({ kind: 'data', ...definition })

/** A task of your own. */
export const defineTask = <
  const Name extends string,
  Input extends object,
  Options extends object,
  Made extends AnyTask,
>(
  definition: Omit<TaskDefinition<Name, Input, Options, Made>, 'kind'>,
): TaskDefinition<Name, Input, Options, Made> => ({ kind: 'task', ...definition })

/** An optimizer of your own. */
export const defineOptimizer = <
  const Name extends string,
  Input extends object,
  Options extends { readonly learningRate: number },
>(
  definition: Omit<OptimizerDefinition<Name, Input, Options>, 'kind'>,
): OptimizerDefinition<Name, Input, Options> => ({ kind: 'optimizer', ...definition })

/** A schedule of your own. */
export const defineSchedule = <const Name extends string, Input extends object, Options extends object>(
  definition: Omit<ScheduleDefinition<Name, Input, Options>, 'kind'>,
): ScheduleDefinition<Name, Input, Options> => ({ kind: 'schedule', ...definition })
