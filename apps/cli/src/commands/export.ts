import { existsSync, statSync } from 'node:fs'
import { dirname, extname, resolve } from 'node:path'
import { type Config, normalizationOf, type RunTask } from '@ddnet/experiment'
import { encodeSafetensors } from '@ddnet/formats'
import type { ExportableModel, ExportOnnxOptions } from '@ddnet/formats/onnx'
import { onShapes, random, type Tensor, zeros } from '@ddnet/ops'
import { tuple } from '@ddnet/ops/checks'
import type { CommandContext } from '../context.ts'
import { CliError, UsageError } from '../errors.ts'
import { writeWhole } from '../files.ts'
import { exportInt8, type Int8Export } from '../run/export-int8.ts'
import { type UsedRun, useRun } from '../run/use-run.ts'
import { formatBytes, formatCount } from '../terminal/format.ts'
import { createLogger } from '../terminal/logger.ts'

export interface ExportOptions {
  readonly checkpoint: string
  readonly layout?: string
  readonly float16?: boolean
  readonly int8?: boolean
  /** Of int8: how many training images decide the ranges. */
  readonly calibration?: number
  readonly force?: boolean
  readonly json?: boolean
}

type Layout = 'NCHW' | 'NHWC'
type Weights = 'float32' | 'float16' | 'int8'

interface Named {
  readonly name?: string
  readonly shape: readonly (number | 'batch')[]
  /** What they are, where the task does not say it. */
  readonly values?: string
}

/** What a file holds and how it wants to be used. */
interface Exported {
  readonly bytes: Uint8Array
  readonly format: string
  readonly input: Named
  /** One, or several with names of their own. */
  readonly outputs: readonly Named[]
  readonly int8?: Int8Export
}

/** `ddnet export RUN FILE`: the model of a checkpoint for other programs, in the format that FILE's ending names. */
export async function exportModel(
  path: string,
  file: string,
  options: ExportOptions,
  context: CommandContext,
): Promise<void> {
  const { io } = context
  const format = formatOf(file)
  const layout = layoutOf(options.layout, format)
  const weights = weightsOf(options, format)
  const target = resolve(io.cwd, file)
  refuseUnwritable(target, file, options.force ?? false)
  const described = format === 'onnx' ? [target, file].map(descriptionOf) : []
  if (format === 'onnx') refuseUnwritable(...tuple(described, 2), options.force ?? false)
  // It computes next to nothing, every machine has WebAssembly, and so the file is the same from all.
  const backend = { backend: 'wasm', reason: 'exporting needs no other' }
  const run = await useRun(path, { checkpoint: options.checkpoint, ...backend }, context)
  try {
    const exported =
      weights === 'int8'
        ? await toInt8(run, layout, options.calibration ?? calibrationImages, io)
        : format === 'onnx'
          ? await (run.task.generation ? toOnnxGenerator : toOnnx)(run, layout, weights)
          : toSafetensors(run, options.checkpoint, weights)
    await writeWhole(target, exported.bytes)
    const facts = factsOf(run, exported, { file, weights, checkpoint: options.checkpoint })
    const [description, name] = described
    if (description !== undefined) {
      const text = JSON.stringify(describedModel(facts, layout), undefined, 2)
      await writeWhole(description, new TextEncoder().encode(`${text}\n`))
    }
    if (options.json) io.stdout.write(`${JSON.stringify({ ...facts, ...(name && { description: name }) })}\n`)
    else {
      const say = createLogger({ ...io, stderr: io.stdout })
      tell(facts, say)
      if (exported.int8) tellInt8(exported.int8, say)
      if (name !== undefined) say('described', `${name}: what goes in, what comes out, for programs`)
    }
  } finally {
    run.dispose()
  }
}

/** `model.onnx` → `model.json` */
const descriptionOf = (path: string): string => path.replace(/\.onnx$/i, '.json')

/** What a program has to know to use an ONNX file: how an image becomes its input, and what its output is. */
const describedModel = (
  {
    run,
    checkpoint,
    step,
    model,
    format,
    input,
    output,
    outputs,
    fit,
    classes,
    preprocessing,
    weights,
    int8,
  }: ReturnType<typeof factsOf>,
  layout: Layout,
) => ({
  model,
  run,
  checkpoint,
  step,
  format,
  weights,
  ...(int8 && { int8 }),
  input: { ...input, layout, dtype: 'float32' },
  ...(input.values === undefined && preprocessingOfImages({ input, preprocessing, fit }, layout)),
  output: { ...output, dtype: 'float32' },
  ...(outputs && { outputs: outputs.map((each) => ({ ...each, dtype: 'float32' })) }),
  ...(classes.length > 0 && input.values === undefined && { classes }),
})

/** How an image file becomes what the model takes. */
const preprocessingOfImages = (
  { input, preprocessing, fit }: Pick<ReturnType<typeof factsOf>, 'input' | 'preprocessing' | 'fit'>,
  layout: Layout,
) => ({
  preprocessing: {
    resize: fits[fit],
    size: input.shape.at(layout === 'NCHW' ? -1 : 1),
    channelOrder: preprocessing.colors,
    background: 'white, below what is transparent',
    mean: preprocessing.mean,
    std: preprocessing.std,
    pixels: preprocessing.pixels,
  },
})

const fits = {
  cover: 'scale the shorter side to the size, and cut the middle to a square',
  contain: 'scale the longer side to the size; the image is at the top left of a square, and what remains is black',
} as const

const formats = { '.onnx': 'onnx', '.safetensors': 'safetensors' } as const
type Format = (typeof formats)[keyof typeof formats]

function formatOf(file: string): Format {
  const ending = extname(file).toLowerCase()
  if (ending === '.onnx' || ending === '.safetensors') return formats[ending]
  throw new UsageError(`'${file}': expected a file that ends with .onnx or .safetensors, as in model.onnx`)
}

function layoutOf(layout: string | undefined, format: Format): Layout {
  if (layout === undefined) return 'NCHW'
  if (format === 'safetensors') {
    throw new UsageError('--layout is of images, and .safetensors holds weights alone. Leave it out, or export .onnx')
  }
  if (layout === 'NCHW' || layout === 'NHWC') return layout
  throw new UsageError(`--layout ${layout}: expected NCHW (channels first, as PyTorch's) or NHWC`)
}

const calibrationImages = 512

/** How weights are stored. */
function weightsOf({ float16, int8, calibration }: ExportOptions, format: Format): Weights {
  if (calibration !== undefined && !int8) {
    throw new UsageError(`--calibration ${calibration} is of --int8. Give both, or neither.`)
  }
  if (!int8) return float16 ? 'float16' : 'float32'
  if (float16) throw new UsageError('--int8 and --float16 contradict each other. Give one of them.')
  if (format === 'onnx') return 'int8'
  throw new UsageError(
    '--int8 is of an ONNX file, which says how int8 is computed; .safetensors holds weights alone. Try model.onnx, or --float16',
  )
}

/** Before anything is computed. */
function refuseUnwritable(target: string, file: string, force: boolean): void {
  const folder = dirname(target)
  if (!existsSync(folder)) throw new CliError(`cannot write ${file}: there is no folder ${folder}. Make it first.`)
  if (!statSync(folder).isDirectory()) {
    throw new CliError(`cannot write ${file}: ${folder} is a file. Choose another place.`)
  }
  if (!existsSync(target)) return
  if (statSync(target).isDirectory()) throw new CliError(`${file} is a folder. Give the name of a file.`)
  if (!force) throw new CliError(`${file} exists already. Give another name, or replace it with --force.`)
}

async function toOnnx(run: UsedRun, layout: Layout, weights: 'float32' | 'float16'): Promise<Exported> {
  const { model, facts } = run
  const { height, width, channels } = facts.image
  const { exportOnnx } = await import('@ddnet/formats/onnx')
  const bytes = await exportOnnx(model, [1, height, width, channels], { ...onnxOptions(run, layout), weights })
  return { bytes, ...onnxFacts(run, layout) }
}

/** What makes new images of noise, in one pass. */
async function toOnnxGenerator(run: UsedRun, layout: Layout, weights: 'float32' | 'float16'): Promise<Exported> {
  const { model, task, facts } = run
  const shape = noiseShapeOf(run)
  const key = random.key(0) // one pass draws nothing
  const generator: ExportableModel = {
    forward: (noise: Tensor) => task.generation?.generate(model, noise, { key }) ?? noise, // its task has one
    parameters: () => model.parameters(),
    buffers: () => model.buffers(),
  }
  const { exportOnnx } = await import('@ddnet/formats/onnx')
  const { metadata } = onnxOptions(run, layout)
  const bytes = await exportOnnx(generator, [1, ...shape], { layout, weights, ...(metadata && { metadata }) })
  return {
    bytes,
    format: 'ONNX, opset 17',
    input: { name: 'input', shape: ['batch', ...shape], values: 'standard normal numbers' },
    outputs: [{ name: 'output', shape: pictureShape(facts, layout), values: 'new pictures, 0 … 1' }],
  }
}

/**
 * The shape of the noise that a file takes.
 *
 * @throws UsageError for models whose images need more than noise and one pass
 */
function noiseShapeOf({ model, task, folder, facts }: UsedRun): readonly number[] {
  const remedy = `Export the weights, as in: ddnet export ${folder.path} model.safetensors`
  if (task.conditionClasses !== undefined) {
    throw new UsageError(
      `the model of ${folder.path} takes noise and a class, and an ONNX file of ours has one input. ${remedy}`,
    )
  }
  if (task.generation?.sampling !== undefined) {
    throw new UsageError(
      `task=${task.name} makes an image in ${task.generation.sampling.steps} passes, and an ONNX file of ours has one. ${remedy}`,
    )
  }
  return task.generation?.noiseShape(model, facts.image) ?? []
}

const pictureShape = (
  { image: { height, width, channels } }: UsedRun['facts'],
  layout: Layout,
): (number | 'batch')[] => ['batch', ...(layout === 'NCHW' ? [channels, height, width] : [height, width, channels])]

async function toInt8(run: UsedRun, layout: Layout, images: number, io: CommandContext['io']): Promise<Exported> {
  if (run.task.generation !== undefined) {
    throw new UsageError(
      `--int8 takes its ranges from images that go into a model, and task=${run.task.name} makes images of noise. Leave it out, or give --float16`,
    )
  }
  const int8 = await exportInt8(run, onnxOptions(run, layout), images, io)
  return { bytes: int8.bytes, int8, ...onnxFacts(run, layout) }
}

/** What the metadata of an ONNX file says of a run. */
function onnxOptions({ task, config, facts, classNames, checkpoint }: UsedRun, layout: Layout): ExportOnnxOptions {
  const { mean, std } = normalizationOf(config)
  return {
    layout,
    ...(classNames.length > 0 && { classes: classNames }),
    preprocessing: { mean, std },
    metadata: {
      step: String(checkpoint.step),
      ...(task.output && { output: task.output.values }),
      model: config.model.name,
      size: String(facts.image.height),
    },
  }
}

function onnxFacts(run: UsedRun, layout: Layout): Pick<Exported, 'format' | 'input' | 'outputs'> {
  const { height, width, channels } = run.facts.image
  const shape = layout === 'NCHW' ? [channels, height, width] : [height, width, channels]
  return {
    format: 'ONNX, opset 17',
    input: { name: 'input', shape: ['batch', ...shape] },
    outputs: outputsOf(run, layout, 'output'),
  }
}

/** The weights with all that their user has to know, in the metadata. */
function toSafetensors(run: UsedRun, name: string, weights: 'float32' | 'float16'): Exported {
  const { config, facts, classNames, checkpoint } = run
  const { height, width, channels } = facts.image
  const metadata = {
    format: 'pt', // names and layouts are PyTorch's
    model: JSON.stringify({ name: config.model.name, ...config.model.options }),
    classes: JSON.stringify(classNames),
    preprocessing: JSON.stringify(preprocessingOf(config, facts)),
    size: String(height),
    checkpoint: name,
    step: String(checkpoint.step),
  }
  return {
    bytes: encodeSafetensors(checkpoint.model, metadata, { dtype: weights }),
    format: "safetensors, PyTorch's names and layouts",
    input: { shape: ['batch', channels, height, width] },
    outputs: outputsOf(run, 'NCHW'),
  }
}

const preprocessingOf = (config: Config, { image: { channels } }: UsedRun['facts']) => ({
  ...normalizationOf(config),
  pixels: '(value / 255 - mean) / std',
  colors: channels === 1 ? 'gray' : channels === 3 ? 'RGB' : `${channels} channels`,
})

/** What a model gives of a batch, one or several by their names. Pictures and maps have their channels where the layout has them. */
function outputsOf({ model, task, facts }: UsedRun, layout: Layout, only?: string): readonly Named[] {
  const { height, width, channels } = facts.image
  // A model that makes images gives more than one result, of which the task names the first, pictures.
  if (task.generation !== undefined)
    return [{ ...(only !== undefined && { name: only }), shape: pictureShape(facts, layout) }]
  // A detector gives several, which the type of a run's model does not tell.
  const given = onShapes((): readonly (readonly [name: string | undefined, shape: readonly number[]])[] => {
    const output = model.predict(zeros([1, height, width, channels]))
    return namesOf(output).map(([name, { shape }]) => [name ?? only, shape])
  })
  return given.map(([name, [, ...shape]]) => {
    const [first, second, third] = shape
    const isPicture = layout === 'NCHW' && first !== undefined && second !== undefined && third !== undefined
    return { ...(name !== undefined && { name }), shape: ['batch', ...(isPicture ? [third, first, second] : shape)] }
  })
}

const namesOf = (
  output: Tensor | Readonly<Record<string, Tensor>>,
): readonly (readonly [name: string | undefined, tensor: Tensor])[] =>
  isTensor(output) ? [[undefined, output]] : Object.entries(output)

const isTensor = (output: Tensor | Readonly<Record<string, Tensor>>): output is Tensor => 'dtype' in output

/** One output with what it is; or what several are, and each by its name. */
const outputFacts = (
  outputs: readonly Named[],
  { output }: Pick<RunTask, 'output'>,
): {
  readonly output: Partial<Named> & Partial<NonNullable<RunTask['output']>>
  readonly outputs?: readonly Named[]
} => {
  const [first, ...others] = outputs
  if (others.length > 0) return { output: { ...output }, outputs }
  return { output: first?.values === undefined ? { ...first, ...output } : first }
}

function factsOf(
  { folder, config, facts, model, task, classNames, checkpoint: { step } }: UsedRun,
  { bytes, format, input, outputs, int8 }: Exported,
  { file, weights, checkpoint }: { file: string; weights: string; checkpoint: string },
) {
  const parameters = [...model.parameters().values()].reduce((sum, { value }) => sum + value.size, 0)
  return {
    file,
    bytes: bytes.length,
    format,
    weights,
    run: folder.path,
    checkpoint,
    step,
    model: config.model.name,
    parameters,
    input,
    preprocessing: preprocessingOf(config, facts),
    ...outputFacts(outputs, task),
    fit: task.wholePictures ?? 'cover',
    classes: classNames,
    ...(int8 && { int8: int8Facts(int8) }),
  }
}

/** What int8 costs, for whoever reads it by program. */
const int8Facts = ({ float32Bytes, calibrationImages, layers, measured }: Int8Export) => ({
  calibrationImages,
  float32Bytes,
  layers,
  ...(measured && {
    measured: { ...measured, float32: measured.float32.figures, int8: measured.int8.figures },
  }),
})

function tell(facts: ReturnType<typeof factsOf>, say: ReturnType<typeof createLogger>): void {
  const { file, bytes, format, weights, run, step, model, parameters, input, output, outputs, preprocessing } = facts
  const described = ({ name, shape = [] }: Partial<Named>) =>
    `${name === undefined ? '' : `'${name}', `}float32 [${shape.join(', ')}]`
  const { mean, std } = preprocessing
  const list = (value: number | readonly number[]) => (typeof value === 'number' ? String(value) : `[${value}]`)
  say('file', `${file}: ${formatBytes(bytes)}, ${format}`)
  say('model', `${model} of ${run} after ${formatCount(step)} steps: ${formatCount(parameters)} ${weights} weights`)
  const { values, probabilities } = output
  const goesIn = input.values ?? `${preprocessing.colors}, (pixel / 255 - ${list(mean)}) / ${list(std)}`
  say('input', `${described(input)}: ${goesIn}`)
  say(
    'output',
    [...(outputs ?? [output]).map(described), ...(values === undefined ? [] : [values])].join(': ') +
      (probabilities === undefined ? '' : `; probabilities: ${probabilities}`),
  )
  if (facts.classes.length > 0 && input.values === undefined) say('classes', classesOf(facts.classes))
}

function tellInt8(
  { bytes, float32Bytes, calibrationImages, layers, measured }: Int8Export,
  say: ReturnType<typeof createLogger>,
): void {
  const inIntegers = layers.filter(({ arithmetic }) => arithmetic === 'int8')
  say(
    'int8',
    `${formatBytes(bytes.length)} in place of ${formatBytes(float32Bytes)}: ${inIntegers.length} of ${layers.length} layers compute in int8, with ranges of ${formatCount(calibrationImages)} training images`,
  )
  for (const reason of new Set(layers.flatMap((layer) => layer.reason ?? []))) {
    const those = layers.filter((layer) => layer.reason === reason)
    const [first] = those
    const names = those.map(({ name }) => name)
    const shown = names.length > 4 ? `${names.slice(0, 3).join(', ')} and ${names.length - 3} more` : names.join(', ')
    say('', `${shown}: ${first?.weights === 'int8' ? 'stored as int8, computed in float32' : 'float32'}: ${reason}`)
  }
  if (measured === undefined) {
    say('accuracy', 'not measured, for ONNX Runtime is not here: npm install onnxruntime-web, and export again')
    return
  }
  say('float32', `${measured.split} ${measured.float32.headline}`)
  say('int8', `${measured.split} ${measured.int8.headline}`)
  say('', `both measured in ${measured.runtime}`)
}

const shownClasses = 20

const classesOf = (names: readonly string[]): string =>
  names.length <= shownClasses
    ? names.join(', ')
    : `${names.slice(0, shownClasses).join(', ')} … (${formatCount(names.length)} in the file's metadata)`
