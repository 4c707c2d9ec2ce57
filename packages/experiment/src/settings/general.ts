import { z } from 'zod'
import type { PresetName } from './presets.ts'
import { belowOne, count, flag, notNegative, oneOf, patterns, positive, setting, share } from './setting.ts'

/** Names of the backends that a user can ask for. */
const backend = setting(
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

const everySteps = (about: string) =>
  setting(
    z.union([z.literal('epoch'), z.int().positive()]).default('epoch'),
    'epoch, or a whole number of steps above 0',
    100,
    about,
  )

type Every = 'epoch' | number

export interface GeneralSettings {
  readonly preset: PresetName
  readonly name: string | null
  readonly backend: RequestedBackend
  readonly ema: { readonly decay: number }
  readonly clipNorm: number | null
  readonly weights: string | null
  readonly weightsExcept: Patterns | null
  readonly freeze: Patterns | null
  readonly frozenNorms: 'update' | 'keep'
  readonly headFirst: number
  readonly rates: Readonly<Record<string, number>> | null
  readonly keepZeros: boolean
  readonly teacher: string | null
  readonly distillation: { readonly temperature: number; readonly weight: number }
  readonly batchSize: number
  readonly accumulate: number
  readonly epochs: number | null
  readonly steps: number | null
  readonly seed: number
  readonly validation: { readonly every: Every; readonly images: number }
  readonly monitor: string | null
  readonly earlyStopping: { readonly patience: number | null; readonly minDelta: number }
  readonly maxSeconds: number | null
  readonly checkpoint: { readonly every: Every; readonly keep: number }
  readonly runs: string
}

/** Names of parameters or modules, in which `*` stands for any characters: a list, or a text with commas. */
export type Patterns = string | readonly string[]

/** A backend that a user can ask for. */
export type RequestedBackend = 'auto' | 'cuda' | 'tensorflow' | 'cpu' | 'webgpu' | 'wasm' | `cuda:${number}`

/** What decides a run whatever it trains; the parts that are chosen by name have settings of their own. */
export const generalSettings: z.ZodObject & z.ZodType<GeneralSettings> = z.strictObject({
  preset: oneOf(
    ['quick', 'short', 'ddnet', 'photos', 'masks', 'coco', 'mnist', 'article'],
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
  backend,
  ema: z.strictObject({
    decay: belowOne(
      0,
      'Decay rate of the moving average of the weights (EMA), which is then what is measured and saved; 0 is none',
      { example: 0.999 },
    ),
  }),
  clipNorm: setting(
    z.number().positive().nullable().default(null),
    'a number above 0, or null',
    1,
    'Scale the gradients of a step down to this norm, all together, where they are longer; null leaves them',
  ),
  weights: setting(
    z.string().min(1).nullable().default(null),
    'the path of a file (.safetensors, .pt) or of a run, hf:OWNER/NAME, shipped, or null',
    'resnet18.safetensors',
    'What the model begins with; a head of another size begins anew. Of a run and of the shipped model also the model and the size of its images, where nothing else says them. null draws all at random',
    { isPath: true, before: null },
  ),
  weightsExcept: patterns(
    'fc,layer4.*',
    'Which parameters are not taken from weights and begin anew, or are left in the file, by name; null takes all but a head that does not fit',
  ),
  freeze: patterns(
    'layer1.*',
    'Which parameters stay as they are, by name or by the name of a module; null trains all',
  ),
  frozenNorms: oneOf(
    ['update', 'keep'],
    'update',
    'What batch norms among what is frozen, for good or while the head is trained, do with their running statistics: update them by each batch, as PyTorch does in training, or keep and use them',
    { before: 'update' },
  ),
  headFirst: setting(
    z.int().min(0).default(0),
    'a whole number of at least 0',
    2,
    'Epochs in which the head alone is trained, before all is',
    { before: 0 },
  ),
  rates: setting(
    z.record(z.string().min(1), z.number().min(0)).nullable().default(null),
    'factors by name, as in {"*": 0.1, "fc": 1}, or null',
    { '*': 0.1, fc: 1 },
    'Factors of the learning rate, of parameters by name or by the name of a module; of several that fit the last one counts. null trains all at one rate',
    { before: null },
  ),
  keepZeros: flag(
    false,
    'Whether weights that are 0 at the beginning stay 0, as those of a network that was pruned; biases and norms are trained',
    { before: false },
  ),
  teacher: setting(
    z.string().min(1).nullable().default(null),
    'the path of a run, or of one of its checkpoints, or null',
    'runs/large',
    'The run whose model this one learns from, besides the labels (knowledge distillation), of the same classes and images; null learns from the labels alone',
    { isPath: true, before: null },
  ),
  distillation: z.strictObject({
    temperature: positive(
      4,
      'What the logits of teacher and model are divided by, before they are compared: the higher, the more the unlikely classes count',
      { before: 4 },
    ),
    weight: share(0.9, 'Share of the loss that is the teacher’s; the rest is that of the labels', { before: 0.9 }),
  }),
  batchSize: count(64, 'Samples a batch'),
  accumulate: count(1, 'Batches a step, whose gradients are averaged: for batches larger than the memory'),
  epochs: setting(
    z.int().positive().nullable().default(null),
    'a whole number above 0',
    10,
    'Passes over the training samples; or give steps',
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
    'Initial weights, order of the samples, what is drawn at random',
  ),
  validation: z.strictObject({
    every: everySteps('When to measure on the validation samples'),
    images: count(
      10_000,
      'How many validation samples, the first ones, or all that there are; the end of a run measures on all test samples',
    ),
  }),
  monitor: setting(
    z.string().min(1).nullable().default(null),
    'loss, or the name of a metric of the task, or null',
    'loss',
    'Which score of the validation samples decides the best checkpoint and early stopping; null is the task’s own',
  ),
  earlyStopping: z.strictObject({
    patience: setting(
      z.int().positive().nullable().default(null),
      'a whole number above 0, or null',
      5,
      'End the run after so many validations in a row without a better score; null never does',
    ),
    minDelta: notNegative(0, 'A score that is better by no more than this does not count as better'),
  }),
  maxSeconds: setting(
    z.number().positive().nullable().default(null),
    'a number above 0, or null',
    3600,
    'Stop training after so many seconds, and save; --resume goes on for as many. null sets no limit',
  ),
  checkpoint: z.strictObject({
    every: everySteps('When to save a checkpoint; the end of a run is always saved'),
    keep: count(3, 'How many of the newest checkpoints to keep; the best one stays too'),
  }),
  runs: setting(z.string().min(1).default('runs'), 'the path of a folder', 'runs', 'Folder of the runs', {
    isPath: true,
  }),
})
