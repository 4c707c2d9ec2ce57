import { z } from 'zod'
import { atHome } from './home.ts'

/** What people read about a setting. */
export interface SettingInfo {
  readonly about: string
  /** What a value must be, as in "expected a whole number above 0". */
  readonly expects: string
  readonly example: string
}

/** The description of every setting's schema. */
export const settingInfo = z.registry<SettingInfo>()

function setting<T extends z.ZodType>(schema: T, expects: string, example: unknown, about: string): T {
  settingInfo.add(schema, { about, expects, example: String(example) })
  return schema
}

const oneOf = <const T extends readonly string[]>(names: T, start: T[number], about: string) =>
  setting(z.enum(names).default(start as never), `one of ${names.join(', ')}`, start, about)

const count = (start: number, about: string) =>
  setting(z.int().positive().default(start), 'a whole number above 0', start, about)

const positive = (start: number, about: string) =>
  setting(z.number().positive().default(start), 'a number above 0', start, about)

const share = (start: number, about: string) =>
  setting(z.number().min(0).max(1).default(start), 'a number from 0 to 1', start, about)

/** Decay rates: 1 would never forget. */
const decay = (start: number, about: string) =>
  setting(z.number().min(0).lt(1).default(start), 'a number from 0 to below 1', start, about)

const notNegative = (start: number, about: string) =>
  setting(z.number().min(0).default(start), 'a number of at least 0', start, about)

const flag = (start: boolean, about: string) => setting(z.boolean().default(start), 'true or false', start, about)

const perChannel = (start: number, about: string, one: z.ZodNumber) =>
  setting(z.union([one, z.tuple([one, one, one])]).default(start), 'a number, or [red, green, blue]', start, about)

const learningRate = (start: number) => positive(start, 'Learning rate; of a schedule, its highest')
const weightDecay = (start: number) => notNegative(start, 'Weight decay')

/** Relative to the folder where the command runs, or below the user's: `~/photos`. */
const path = () =>
  z
    .string()
    .min(1)
    .overwrite((text) => atHome(text))

const directory = (expects: string, example: string, about: string) =>
  setting(path().nullable().default(null), expects, example, about)

/** What is done with the images of any data set. */
const imageSettings = () => ({
  validation: setting(
    z.number().min(0).lt(1).default(0.1),
    'a number from 0 to below 1',
    0.1,
    'Share of the training images, of each class, to choose by (the best checkpoint, when to stop), where the data has none for it; 0 trains on all and chooses nothing',
  ),
  flip: flag(true, 'Mirror training images at random'),
  crop: setting(
    z.int().min(0).default(0),
    'a whole number of at least 0',
    4,
    'Shift training images at random by up to so many pixels; the edge is reflected',
  ),
  mean: perChannel(0.4734, 'Subtracted from the images, which are 0…1', z.number()),
  std: perChannel(0.2516, 'The images are divided by this afterwards', z.number().positive()),
})

const data = z.discriminatedUnion('name', [
  z.strictObject({
    name: z.literal('cifar10'),
    directory: directory(
      'the path of a folder, or null',
      './cifar-10-batches-bin',
      'Folder with the official files, null uses the cache and fills it from the network; or folder with images of your own, in a folder a class',
    ),
    ...imageSettings(),
  }),
  z.strictObject({
    name: z.literal('folder'),
    directory: directory('the path of a folder', './photos', 'Folder with images of your own, in a folder a class'),
    onError: oneOf(['throw', 'skip'], 'throw', 'What becomes of an image that cannot be read: stop, or leave it out'),
    ...imageSettings(),
  }),
])

const model = z.discriminatedUnion('name', [
  z.strictObject({
    name: z.literal('ddnet'),
    channels: setting(
      z.array(z.int().positive()).min(1).default([32, 64, 128]),
      'a list of whole numbers above 0',
      '[32,64,128]',
      'Channels of the encoder stages; the decoder mirrors them',
    ),
    normalization: oneOf(['batch', 'none'], 'batch', 'What follows each convolution'),
  }),
  z.strictObject({ name: z.literal('seed') }),
])

const optimizer = z.discriminatedUnion('name', [
  z.strictObject({
    name: z.literal('adam'),
    learningRate: learningRate(1e-3),
    beta1: decay(0.9, 'Decay rate of the mean of the gradients'),
    beta2: decay(0.999, 'Decay rate of the mean of their squares'),
    eps: positive(1e-8, 'Added to the denominator'),
    weightDecay: weightDecay(0),
  }),
  z.strictObject({
    name: z.literal('adamW'),
    learningRate: learningRate(1e-3),
    beta1: decay(0.9, 'Decay rate of the mean of the gradients'),
    beta2: decay(0.999, 'Decay rate of the mean of their squares'),
    eps: positive(1e-8, 'Added to the denominator'),
    weightDecay: weightDecay(0.01),
  }),
  z.strictObject({
    name: z.literal('sgd'),
    // PyTorch's 1e-3 hardly learns; torchvision's recipes have this one.
    learningRate: learningRate(0.1),
    momentum: decay(0, 'Momentum'),
    nesterov: flag(false, 'Nesterov’s momentum'),
    weightDecay: weightDecay(0),
  }),
])

const schedule = z.discriminatedUnion('name', [
  z.strictObject({
    name: z.literal('oneCycle'),
    pctStart: share(0.3, 'Share of the steps in which the rate rises'),
    divFactor: positive(25, 'The first rate is the highest divided by this'),
    finalDivFactor: positive(1e4, 'The last rate is the first divided by this'),
  }),
  z.strictObject({ name: z.literal('constant') }),
  z.strictObject({ name: z.literal('cosine'), minimum: notNegative(0, 'The last rate') }),
  z.strictObject({
    name: z.literal('stepDecay'),
    every: count(1000, 'Steps between two drops of the rate'),
    factor: share(0.1, 'What each drop multiplies the rate by'),
  }),
])

/** Names of the backends that a user can ask for. */
export const requestedBackendSchema = setting(
  z
    .union([
      z.enum(['auto', 'cuda', 'tensorflow', 'cpu', 'webgpu', 'wasm']),
      z.templateLiteral(['cuda:', z.int().min(0)]),
    ])
    .default('auto'),
  'one of auto, cuda, cuda:N, tensorflow, cpu, webgpu, wasm',
  'auto',
  'Where to compute; cpu is TensorFlow on the CPU, auto takes the fastest there is',
)

/** Everything that decides a training run. Groups with a `name` have the settings of what is named, and no others. */
export const configSchema = z.strictObject({
  preset: oneOf(
    ['quick', 'short', 'ddnet', 'photos', 'seed'],
    'ddnet',
    'Where the values come from that are not given',
  ),
  name: setting(
    z
      .string()
      .regex(/^[\w][\w.-]*$/)
      .nullable()
      .default(null),
    'letters, digits, dots, dashes and underscores',
    'my-run',
    'Name of the run’s folder; null makes it DATA-PRESET',
  ),
  backend: requestedBackendSchema,
  data,
  size: count(32, 'Height and width that images are resized to'),
  model,
  loss: z.strictObject({
    labelSmoothing: setting(
      z.number().min(0).lt(1).default(0),
      'a number from 0 to below 1',
      0.1,
      'Share of the target that goes to all classes evenly; in training and its validations, never in eval',
    ),
  }),
  optimizer,
  schedule,
  average: z.strictObject({
    decay: setting(
      z.number().min(0).lt(1).default(0),
      'a number from 0 to below 1',
      0.999,
      'Decay rate of the moving average of the weights (EMA), which is then what is measured and saved; 0 is none',
    ),
  }),
  clipNorm: setting(
    z.number().positive().nullable().default(null),
    'a number above 0, or null',
    1,
    'Scale the gradients of a step down to this norm, all together, where they are longer; null leaves them',
  ),
  batchSize: count(64, 'Images a batch'),
  accumulate: count(1, 'Batches a step, whose gradients are averaged: for batches larger than the memory'),
  epochs: setting(
    z.int().positive().nullable().default(null),
    'a whole number above 0',
    10,
    'Passes over the training images; or give steps',
  ),
  steps: setting(
    z.int().positive().nullable().default(null),
    'a whole number above 0',
    300,
    'Steps of the whole run; or give epochs',
  ),
  seed: setting(
    z
      .int()
      .min(0)
      .max(2 ** 32 - 1)
      .default(42),
    'a whole number from 0 to 4294967295',
    42,
    'Initial weights, order of the images, flips',
  ),
  validation: z.strictObject({
    every: setting(
      z.union([z.literal('epoch'), z.int().positive()]).default('epoch'),
      'epoch, or a whole number of steps above 0',
      100,
      'When to measure on the validation images',
    ),
    images: count(
      10_000,
      'How many validation images, the first ones, or all that there are; the end of a run measures on all test images',
    ),
  }),
  earlyStopping: z.strictObject({
    patience: setting(
      z.int().positive().nullable().default(null),
      'a whole number above 0, or null',
      5,
      'End the run after so many validations in a row without a better score; null never does',
    ),
    score: oneOf(['accuracy', 'loss'], 'accuracy', 'Which score of the validation images it watches'),
    minChange: notNegative(0, 'A smaller change of the score is nothing better'),
  }),
  maxSeconds: setting(
    z.number().positive().nullable().default(null),
    'a number above 0, or null',
    3600,
    'Stop training after so many seconds, and save; --resume goes on for as many. null has no end',
  ),
  checkpoint: z.strictObject({
    every: setting(
      z.union([z.literal('epoch'), z.int().positive()]).default('epoch'),
      'epoch, or a whole number of steps above 0',
      100,
      'When to save a checkpoint; the end of a run is always saved',
    ),
    keep: count(3, 'How many of the newest checkpoints to keep; the best one stays too'),
  }),
  runs: setting(path().default('runs'), 'the path of a folder', 'runs', 'Folder of the runs'),
})

export type Config = z.infer<typeof configSchema>

type Input = z.input<typeof configSchema>
/** Of a group with variants, the settings of each. */
type Partially<T> = T extends readonly unknown[] ? T : T extends object ? Partial<T> : T

/** What a file of settings may say: any of them. */
export type Settings = { readonly [Key in keyof Input]?: Partially<Input[Key]> }
export type RequestedBackend = Config['backend']
