import {
  type ArrayField,
  type ClassificationSample,
  type Dataset,
  float,
  type ImageField,
  imageDataset,
  imageField,
} from '@ddnet/datasets'
import { Linear, Module } from '@ddnet/layers'
import { DDNet } from '@ddnet/models'
import { mean, memory, type Tensor } from '@ddnet/ops'
import { type Classification, type ClassPrediction, classification, type Reconstruction } from '@ddnet/tasks'
import { useBackend } from '@ddnet/testing'
import { htmlReport } from '@ddnet/visuals'
import { beforeAll, expect, expectTypeOf, test } from 'vitest'
import { z } from 'zod'
import { builtIn } from './built-in/registry.ts'
import { type DataDefinition, defineData, defineModel, defineTask } from './definitions.ts'
import { experiment } from './experiment.ts'

beforeAll(() => useBackend('wasm'))

/** Images of two classes, dark and bright. */
const brightness = (count: number): Dataset<ClassificationSample> =>
  imageDataset({
    images: Uint8Array.from({ length: count * 16 * 16 * 3 }, (_, at) => {
      const index = Math.floor(at / (16 * 16 * 3))
      return (index % 2) * 180 + ((at * 37) % 60)
    }),
    labels: Array.from({ length: count }, (_, index) => index % 2),
    shape: [16, 16, 3],
  })

const facts = { image: { height: 16, width: 16, channels: 3 }, classNames: ['dark', 'bright'] }
const lights = defineData({
  name: 'lights',
  options: z.strictObject({ count: z.int().positive().default(32) }),
  load: async ({ count }) => ({ train: brightness(count), validation: brightness(10), test: brightness(20), facts }),
})

class Mean extends Module {
  readonly head: Linear
  constructor(channels: number, outputs: number) {
    super()
    this.head = new Linear(channels, outputs)
  }
  override forward(image: Tensor): Tensor {
    return this.head.forward(mean(image, [1, 2]))
  }
}
const average = defineModel({
  name: 'average',
  tasks: ['classification'],
  options: z.strictObject({ bias: z.boolean().default(true) }),
  create: (_, { image, outputs }) => new Mean(image.channels, outputs),
})
const registry = [...builtIn, lights, average]

test('an experiment of one’s own in a few lines: data, model and task by name, with their settings', async () => {
  const before = memory().numTensors
  const run = await experiment(
    {
      task: 'classification',
      data: 'lights',
      'data.count': 40,
      model: 'ddnet',
      'model.channels': [4, 8],
      optimizer: 'adam',
      'optimizer.learningRate': 0.01,
      'validation.every': 10,
      batchSize: 8,
      steps: 20,
    },
    { registry },
  )
  expectTypeOf(run.model).toEqualTypeOf<DDNet>()
  expectTypeOf(run.task).toEqualTypeOf<Classification>()
  expectTypeOf(run.data.train).toEqualTypeOf<Dataset<ClassificationSample>>()
  expect(run.model).toBeInstanceOf(DDNet)
  expect(run.model.encoder).toHaveLength(2)
  expect(run.config.optimizer.options['beta1']).toBe(0.9)

  const seen: number[] = []
  const { reason } = await run.train({ callbacks: [{ onStep: ({ step }) => void seen.push(step) }] })
  expect([reason, seen.length]).toEqual(['done', 20])
  const evaluation = await run.evaluate()
  expect(evaluation).toMatchObject({ split: 'test', figures: { images: 20, accuracy: 1 } })

  const bright = imageField(new Uint8Array(16 * 16 * 3).fill(230), [16, 16, 3])
  const prediction = await run.predict({ image: bright })
  expectTypeOf(prediction).toEqualTypeOf<ClassPrediction>()
  expect(prediction.classes[0]?.name).toBe('bright')
  expect(prediction.actual).toBeUndefined()
  expect((await run.predict({ image: bright, label: 0 })).actual).toBe('dark')

  const report = await run.report('lights')
  expect(report.curves?.[0]?.curves[1]?.points.map(([step]) => step)).toEqual([10, 20])
  expect(report.predictions).toHaveLength(20)
  expect(report.summary).toContainEqual(['trained', expect.stringMatching(/^20 steps in 0:\d\d$/)])
  expect(htmlReport(report)).toContain('<h1>lights</h1>')
  run.model.dispose()
  expect(memory().numTensors).toBe(before)
})

test('its types are those of the definitions that it names', async () => {
  const run = await experiment({ task: 'classification', data: 'lights', model: 'average', steps: 1 }, { registry })
  expectTypeOf(run.model).toEqualTypeOf<Mean>()
  run.model.dispose()

  const autoencoder = defineModel({
    name: 'same',
    tasks: ['reconstruction'],
    options: z.strictObject({}),
    create: (_, { image, outputs }) => new Mean(image.channels, outputs),
  })
  const other = await experiment(
    { task: 'reconstruction', 'task.noise': 0.1, data: 'lights', model: 'same', steps: 1 },
    { registry: [...builtIn, lights, autoencoder] },
  )
  expectTypeOf(other.predict).returns.resolves.toEqualTypeOf<Reconstruction>()
  other.model.dispose()
})

const refusedBy = async (run: () => Promise<unknown>): Promise<string> => {
  try {
    await run()
  } catch (error) {
    return (error as Error).message
  }
  throw new Error('it was taken')
}

test('names and options that there are not are errors of types, and told', async () => {
  const rest = { task: 'classification', data: 'lights', model: 'average' } as const
  expect(
    // @ts-expect-error: there is no model of this name
    await refusedBy(() => experiment({ ...rest, model: 'resnet' }, { registry })),
  ).toContain("model: 'resnet' (experiment): expected one of ddnet,")
  expect(
    // @ts-expect-error: and no data
    await refusedBy(() => experiment({ ...rest, data: 'imagenet' }, { registry })),
  ).toContain("data: 'imagenet'")
  expect(
    // @ts-expect-error: the model has no such option, which another one has
    await refusedBy(() => experiment({ ...rest, 'model.channels': [4] }, { registry })),
  ).toContain('model average has no such setting')
  expect(
    // @ts-expect-error: an option is of its own kind
    await refusedBy(() => experiment({ ...rest, 'model.bias': 'yes' }, { registry })),
  ).toContain('model.bias: ')
  expect(
    // @ts-expect-error: the chosen optimizer has no such option
    await refusedBy(() => experiment({ ...rest, optimizer: 'adam', 'optimizer.momentum': 0.9 }, { registry })),
  ).toContain('optimizer adam has no such setting')
  expect(
    // @ts-expect-error: no general setting is called so
    await refusedBy(() => experiment({ ...rest, epoch: 3 }, { registry })),
  ).toContain('Similar: epochs')
  expect(
    // @ts-expect-error: of another registry
    await refusedBy(() => experiment({ ...rest })),
  ).toContain('expected one of cifar10')
})

test('data without the fields of the task, and models that give something else, are errors of types', async () => {
  interface Measured {
    readonly image: ImageField
    readonly radius: ArrayField<readonly []>
  }
  const sample = (): Measured => ({ image: imageField(new Uint8Array(3), [1, 1, 3]), radius: float(1) })
  const discs: DataDefinition<'discs', object, object, Measured> = defineData({
    name: 'discs',
    options: z.strictObject({}),
    load: async () => ({
      train: { length: 1, get: async () => sample() },
      test: { length: 1, get: async () => sample() },
      facts: { image: { height: 1, width: 1, channels: 3 } },
    }),
  })
  class Boxes extends Module {
    override forward(image: Tensor): { readonly box: Tensor } {
      return { box: mean(image, [1, 2]) }
    }
  }
  const boxes = defineModel({
    name: 'boxes',
    tasks: ['classification'],
    options: z.strictObject({}),
    create: () => new Boxes(),
  })
  const halves = defineTask({
    name: 'halves',
    options: z.strictObject({}),
    metrics: ['accuracy'],
    create: () => classification({ classes: ['left', 'right'] }),
  })
  const all = [...registry, discs, boxes, halves]
  expect(
    await refusedBy(() =>
      // @ts-expect-error: discs have no labels
      experiment({ task: 'classification', data: 'discs', model: 'average' }, { registry: all }),
    ),
  ).toContain('task=classification needs data with classes')
  const take = () =>
    // @ts-expect-error: boxes are no logits
    experiment({ task: 'classification', data: 'lights', model: 'boxes' }, { registry: all })
  expectTypeOf(take).toBeFunction()
  const fits = () => experiment({ task: 'classification', data: 'lights', model: 'average' }, { registry: all })
  expectTypeOf(fits).returns.resolves.toHaveProperty('model')
  expect(
    await refusedBy(() => experiment({ task: 'halves', data: 'lights', model: 'average' }, { registry: all })),
  ).toContain('model=average (experiment) is not for task=halves, only for classification.')
})

test('what the data ask of an app is brought by it, or told', async () => {
  const settings = {
    task: 'classification',
    data: 'folder',
    'data.directory': 'photos',
    model: 'ddnet',
    steps: 1,
  } as const
  expect(await refusedBy(() => experiment(settings))).toContain(
    'the data asks for a folder of images. Bring it as { host:',
  )
  const splits = { train: brightness(8), validation: brightness(2), classNames: ['dark', 'bright'] }
  const run = await experiment(settings, { host: { imageFolder: async () => splits } })
  expect(run.data.facts).toEqual({ image: { height: 64, width: 64, channels: 3 }, classNames: ['dark', 'bright'] })
  run.model.dispose()
})
