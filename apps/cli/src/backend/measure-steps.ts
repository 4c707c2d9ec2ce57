import { boxesField, boxLabelsField, imageDataset, map, maskField } from '@ddnet/datasets'
import {
  buildModel,
  type Config,
  createTask,
  type DataFacts,
  inputsOf,
  keysOf,
  learnersOf,
  trainingLoader,
} from '@ddnet/experiment'
import { type InputSpec, init, type ModuleOf, summary } from '@ddnet/layers'
import { dispose, mean, random, square, type Tensor, tidy, zeros } from '@ddnet/ops'
import { constant } from '@ddnet/optimizers'
import { type Profile, Trainer } from '@ddnet/trainer'

/** Multiply-adds of a forward pass that a shortened step has at most: those of 64 images in DDNet. */
const maxWork = 1e9

/** A run as it is measured: the images are noise, of the size and the number of classes that its data have. */
export interface MeasuredRun {
  readonly config: Config
  readonly facts: DataFacts
}

/** What is known of a run's data before it is loaded; where that is nothing, small images of ten classes. */
export function assumedFacts({ data }: Pick<Config, 'data'>): DataFacts {
  const known = data.definition.facts?.(data.options)
  if (known !== undefined) return known
  const size = typeof data.options['size'] === 'number' ? data.options['size'] : 32
  return {
    image: { height: size, width: size, channels: 3 },
    classNames: Array.from({ length: 10 }, (_, label) => String(label)),
  }
}

export interface MeasuredSteps {
  readonly model: ModuleOf
  /** Images a batch; a step has `accumulate` of them. */
  readonly batchSize: number
  /** Trains so many steps; milliseconds a step. */
  run(steps: number): Promise<number>
  /** So many batches through the model, without gradients; milliseconds a batch. */
  forward(batches: number): Promise<number>
  /** Where the time of a step goes, over so many steps. */
  profile(steps: number): Promise<Profile>
  dispose(): void
}

/**
 * Training steps as the run will make them, on images of noise in memory, on the running backend. Of a task that needs more of a batch than
 * images, their classes, masks and boxes, of which nothing is known but a name, the loss alone is another one: the mean square of what the model
 * gives.
 *
 * @param shortened one batch a step, of fewer images than the run's where that would be long
 * @param check throws where the model is too large, before anything of the size of a batch is made
 */
export function measuredSteps(
  { config, facts }: MeasuredRun,
  { shortened = false, check = () => {} }: { shortened?: boolean; check?: (model: ModuleOf) => void } = {},
): MeasuredSteps {
  const model = buildModel(config, facts)
  check(model)
  init(model, keysOf(config).model)
  const fitting = Math.max(1, Math.floor(maxWork / work(model, { config, facts })))
  const batchSize = shortened ? Math.min(config.batchSize, fitting) : config.batchSize
  const accumulate = shortened ? 1 : config.accumulate
  const count = batchSize * accumulate
  const { height, width, channels } = facts.image
  const classes = facts.classNames?.length ?? 1
  const images = imageDataset({
    images: Uint8Array.from(
      random.uniformValues(random.key(0), count * height * width * channels),
      (value) => value * 256,
    ),
    labels: Array.from({ length: count }, (_, index) => index % classes),
    shape: [height, width, channels],
  })
  const task = createTask(config, facts)
  const mask = maskField(
    Uint8Array.from({ length: height * width }, (_, at) => at % classes),
    [height, width],
  )
  const made = { mask, ...quarters(height, width, classes) }
  const needed = Object.fromEntries(Object.entries(made).filter(([name]) => name in task.fields))
  const samples = map(images, (sample) => ({ ...sample, ...needed }))
  const given: Readonly<Record<string, string>> = {
    image: 'image',
    label: 'class',
    mask: 'class of each pixel',
    boxes: 'boxes',
    boxLabels: 'class of each box',
  }
  const isGiven = Object.entries(task.fields).every(([name, kind]) => given[name] === kind)
  const learners = learnersOf({ model, task, config: { ...config, accumulate } }, 1000)
  // Whatever the run's rate may be, steps that are only measured must not diverge.
  const rate = constant(1e-6)
  const data = () => ({ train: trainingLoader(samples, { ...config, batchSize }, facts) })
  const step: typeof task.step = isGiven
    ? task.step
    : ({ image }, { model }) => ({
        loss: Object.fromEntries(
          tensorsOf(model.forward(image)).map((each, at) => [`output ${at}`, mean(square(each))]),
        ),
      })
  const trainer = () =>
    'models' in learners
      ? new Trainer({ ...learners, optimizers: learners.optimizers(rate), data: data() })
      : new Trainer({ ...learners, step, optimizer: learners.optimizer(rate), data: data() })
  let inputs: Tensor[] | undefined
  return {
    model,
    batchSize,
    async run(steps) {
      const fit = trainer()
      const start = performance.now()
      await fit.fit({ steps, key: keysOf(config).training })
      return (performance.now() - start) / steps
    },
    async forward(batches) {
      inputs ??= inputsOf(config, model, batchSize, facts.image).map(noiseFor)
      const start = performance.now()
      // A device works in the order of its orders: it has done all when the last result arrives.
      let last: readonly Tensor[] = []
      for (let done = 0; done < batches; done++) {
        dispose([...last])
        last = tidy(() => tensorsOf((model as ModuleOf<Tensor[], unknown>).predict(...(inputs ?? [])))) // what the definition says
      }
      for (const each of last) await each.data()
      dispose([...last])
      return (performance.now() - start) / batches
    },
    profile: (steps) => trainer().profile({ steps }),
    dispose() {
      dispose(inputs ?? [])
      model.dispose()
    },
  }
}

/** A box of half the image's height and width in each of its quarters. */
function quarters(height: number, width: number, classes: number) {
  const corners = [0, 1, 2, 3].map((at) => [((at % 2) * width) / 2, (Math.floor(at / 2) * height) / 2] as const)
  return {
    boxes: boxesField(
      Float32Array.from(corners.flatMap(([left, top]) => [left, top, left + width / 2, top + height / 2])),
    ),
    boxLabels: boxLabelsField(Int32Array.from(corners, (_, at) => at % classes)),
  }
}

/** What a forward pass takes: noise, and zeros of whole numbers. */
const noiseFor = (input: InputSpec): Tensor =>
  'shape' in input ? zeros(input.shape, input.dtype) : random.normal(random.key(0), input)

/** All that a model gives: a tensor, or a record of some. */
const tensorsOf = (result: unknown): Tensor[] =>
  typeof result === 'object' && result !== null && !('dataId' in result)
    ? Object.values(result).flatMap(tensorsOf)
    : [result as Tensor] // there is nothing else

/** Multiply-adds of one image. */
const work = (model: ModuleOf, { config, facts }: MeasuredRun): number =>
  summary(model, ...inputsOf(config, model, 1, facts.image)).multiplyAdds
