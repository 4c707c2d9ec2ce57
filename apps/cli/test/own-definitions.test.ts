import { execFile } from 'node:child_process'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

// What a user wrote in TypeScript, trained by the built command: a file outside of this repository, with the packages installed.

const command = fileURLToPath(new URL('../dist/main.mjs', import.meta.url))
const built = existsSync(command)
const repository = fileURLToPath(new URL('../../..', import.meta.url))

const model = `
import { Conv2d, Linear, Module } from '@ddnet/layers'
import { mean, relu, type Tensor } from '@ddnet/ops'
import { defineModel, z } from 'ddnet'

class Small extends Module {
  readonly conv: Conv2d
  readonly head: Linear
  constructor(channels: number, width: number, outputs: number) {
    super()
    this.conv = new Conv2d(channels, width, { kernelSize: 3, padding: 1 })
    this.head = new Linear(width, outputs)
  }
  override forward(x: Tensor): Tensor {
    return this.head.forward(mean(relu(this.conv.forward(x)), [1, 2]))
  }
}

export default defineModel({
  name: 'small',
  tasks: ['classification'],
  options: z.strictObject({ width: z.int().positive().default(8).describe('Channels of the convolution') }),
  create: ({ width }, { image, outputs }) => new Small(image.channels, width, outputs),
})
`

/** A network whose stages have the names that pictures look into, on images of one channel. */
const looked = `
import { ConvNet, DDNet } from '@ddnet/models'
import { defineModel, z } from 'ddnet'

export default defineModel({
  name: 'looked',
  tasks: ['classification'],
  options: z.strictObject({}),
  create: (_, { image, outputs }) => new DDNet({ inChannels: image.channels, channels: [4], classes: outputs }),
})
`

/** A task in TypeScript with a setting of its own: which share of an image is bright, of images, their shares and a weight of each. */
const task = `
import { openPass, type ModuleOf } from '@ddnet/layers'
import { mse } from '@ddnet/losses'
import { meanAbsoluteError } from '@ddnet/metrics'
import { mul, reshape, sub, type Tensor, tidy } from '@ddnet/ops'
import { pictureTable } from '@ddnet/visuals'
import { defineTask, z } from 'ddnet'

interface Batch { readonly image: Tensor; readonly share: Tensor; readonly offset: Tensor }
type Net = ModuleOf<[image: Tensor], Tensor>

export default defineTask({
  name: 'share',
  options: z.strictObject({ scale: z.number().positive().default(1).describe('What the shares are multiplied by') }),
  metrics: ['error'],
  create({ scale }) {
    const found = (model: Net, image: Tensor) => reshape(model.forward(image), [-1])
    const step = ({ image, share, offset }: Batch, { model }: { readonly model: Net }) => {
      const wanted = mul(sub(share, offset), scale)
      const given = found(model, image)
      return { loss: mse(given, wanted), metrics: { error: meanAbsoluteError(given, wanted) } }
    }
    const score = (title: string) => ({ title, short: title, better: 'lower' as const, format: (value: number) => value.toPrecision(3) })
    return {
      kind: 'task' as const,
      name: 'share',
      fields: { image: 'image', share: 'array', offset: 'array' },
      outputs: 1,
      monitor: 'error' as const,
      scores: { loss: score('loss'), error: score('error') },
      step,
      evaluate: step,
      // The truth of each sample comes with it where the data have it, all fields of it.
      async predict(model: Net, { image, share, offset }: Pick<Batch, 'image'> & Partial<Batch>) {
        const tensor = tidy(() => openPass({ training: false, root: model }, () => found(model, image)))
        const given = await tensor.data().finally(() => tensor.dispose())
        const [shares, offsets] = await Promise.all([share?.data(), offset?.data()])
        return Array.from(given, (value, at) => ({
          value,
          ...(shares && offsets && { truth: ((shares[at] as number) - (offsets[at] as number)) * scale }),
        }))
      },
      views: {
        line: ({ value, truth }: { value: number; truth?: number }) =>
          'share ' + value.toFixed(2) + (truth === undefined ? '' : ', is ' + truth.toFixed(2)),
        json: (prediction: object) => ({ ...prediction }),
        rows: ({ value }: { value: number }) => [{ share: value }],
        picture: (samples: readonly { readonly image: never }[], options?: object) =>
          pictureTable(samples.map(({ image }) => ({ pictures: [image] })), options),
        report: ({ loss, error }: { loss: number; error: number }) => ({ headline: 'mean absolute error ' + error.toPrecision(3), json: { loss, error } }),
        page: () => ({}),
      },
    }
  },
})
`

const shares = `
import { float, imageField } from '@ddnet/datasets'
import { defineData, z } from 'ddnet'

const facts = { image: { height: 6, width: 8, channels: 1 } }
const samples = (count: number) => {
  const getSync = (index: number) => {
    const bright = (index * 5) % 49
    return {
      image: imageField(Uint8Array.from({ length: 48 }, (_, at) => (at < bright ? 255 : 0)), [6, 8, 1]),
      share: float(bright / 48),
      offset: float(0.25),
    }
  }
  return { length: count, getSync, get: async (index: number) => getSync(index) }
}

export default defineData({
  name: 'shares',
  options: z.strictObject({}),
  facts: () => facts,
  load: async () => ({ train: samples(64), validation: samples(8), test: samples(16), facts }),
})
`

const regressor = `
import { Linear, Module } from '@ddnet/layers'
import { mean, type Tensor } from '@ddnet/ops'
import { defineModel, z } from 'ddnet'

class Regressor extends Module {
  readonly head: Linear
  constructor(channels: number, outputs: number) {
    super()
    this.head = new Linear(channels, outputs)
  }
  override forward(x: Tensor): Tensor {
    return this.head.forward(mean(x, [1, 2]))
  }
}

export default defineModel({
  name: 'regressor',
  tasks: ['share'],
  options: z.strictObject({}),
  create: (_, { image, outputs }) => new Regressor(image.channels, outputs),
})
`

const autoencoder = `
import { Conv2d, Module } from '@ddnet/layers'
import { relu, type Tensor } from '@ddnet/ops'
import { defineModel, z } from 'ddnet'

class Autoencoder extends Module {
  readonly encoder: Conv2d
  readonly decoder: Conv2d
  constructor(channels: number, width: number) {
    super()
    this.encoder = new Conv2d(channels, width, { kernelSize: 3, padding: 1 })
    this.decoder = new Conv2d(width, channels, { kernelSize: 3, padding: 1 })
  }
  override forward(x: Tensor): Tensor {
    return this.decoder.forward(relu(this.encoder.forward(x)))
  }
}

export default defineModel({
  name: 'autoencoder',
  tasks: ['reconstruction'],
  options: z.strictObject({ width: z.int().positive().default(8) }),
  create: ({ width }, { image, outputs }) => new Autoencoder(image.channels, width),
})
`

/** Bars of two directions, which no model with an average over all pixels tells apart without its convolution. */
const data = `
import { imageDataset } from '@ddnet/datasets'
import { defineData, z } from 'ddnet'

const side = 8
const bars = (count: number) =>
  imageDataset({
    images: Uint8Array.from({ length: count * side * side }, (_, at) => {
      const [index, y, x] = [Math.floor(at / side ** 2), Math.floor(at / side) % side, at % side]
      return (index % 2 === 0 ? x : y) % 4 < 2 ? 255 : 0
    }),
    labels: Array.from({ length: count }, (_, index) => index % 2),
    shape: [side, side, 1],
  })

export default defineData({
  name: 'bars',
  options: z.strictObject({ count: z.int().positive().default(40) }),
  facts: () => ({ image: { height: side, width: side, channels: 1 }, classNames: ['upright', 'level'] }),
  load: async ({ count }) => ({
    train: bars(count),
    validation: bars(10),
    test: bars(20),
    facts: { image: { height: side, width: side, channels: 1 }, classNames: ['upright', 'level'] },
  }),
})
`

let cwd: string
beforeAll(() => {
  cwd = mkdtempSync(join(tmpdir(), 'ddnet-own-'))
  const scope = join(cwd, 'node_modules/@ddnet')
  mkdirSync(scope, { recursive: true })
  const names = ['datasets', 'layers', 'losses', 'metrics', 'models', 'ops', 'visuals']
  for (const name of names) symlinkSync(join(repository, 'packages', name), join(scope, name))
  symlinkSync(join(repository, 'apps/cli'), join(cwd, 'node_modules/ddnet'))
  symlinkSync(join(repository, 'node_modules/typescript'), join(cwd, 'node_modules/typescript'))
  writeFileSync(join(cwd, 'my-model.ts'), model)
  writeFileSync(join(cwd, 'my-data.ts'), data)
  writeFileSync(join(cwd, 'my-autoencoder.ts'), autoencoder)
  writeFileSync(join(cwd, 'looked.ts'), looked)
  writeFileSync(join(cwd, 'my-task.ts'), task)
  writeFileSync(join(cwd, 'shares.ts'), shares)
  writeFileSync(join(cwd, 'regressor.ts'), regressor)
  for (const name of ['data', 'layer', 'model', 'squareplus', 'task'])
    copyFileSync(join(repository, `examples/plugin/${name}.mjs`), join(cwd, `${name}.mjs`))
})
afterAll(() => rmSync(cwd, { recursive: true, force: true }))

async function ddnet(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  try {
    const env = { ...process.env, NO_COLOR: '1', DDNET_BACKEND: 'wasm' }
    return { code: 0, ...(await promisify(execFile)(process.execPath, [command, ...args], { cwd, env })) }
  } catch (error) {
    return error as { code: number; stdout: string; stderr: string }
  }
}

const own = ['data=./my-data.ts', 'model=./my-model.ts']

describe.skipIf(!built)(`a model and data of one's own${built ? '' : ' (skipped: the command is not built)'}`, () => {
  test('have their settings in config, with what is said of them', async () => {
    const { code, stdout, stderr } = await ddnet('config', ...own, 'model.width=4', '--explain')
    expect(code, stderr).toBe(0)
    expect(stdout).toMatch(/^# Channels of the convolution: a whole number above 0\nmodel\.width: 4 +# command line$/m)
    expect(stdout).toMatch(/^data\.count: 40 +# default$/m)
    expect(stdout).not.toContain('model.channels')
  })

  test('are told apart from what they do not have', async () => {
    expect(await ddnet('config', ...own, 'model.widht=4')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(`'model.widht=4' is not a valid setting (command line). Similar: model.width`),
    })
    expect(await ddnet('config', ...own, 'model.width=0')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('expected a whole number above 0, got 0. Try model.width=8'),
    })
    expect(await ddnet('config', 'model=./my-data.ts')).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/my-data\.ts exports a definition of kind 'data': expected a model\./),
    })
    expect(await ddnet('config', 'model=./none.ts')).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/none\.ts: there is no such file/),
    })
  })

  test('train, go on, and are measured', async () => {
    const settings = [
      'steps=60',
      'batchSize=8',
      'optimizer.learningRate=0.05',
      'validation.every=30',
      'checkpoint.every=30',
    ]
    const { code, stderr } = await ddnet('train', ...own, ...settings, 'name=bars')
    expect(code, stderr).toBe(0)
    const result = JSON.parse(readFileSync(join(cwd, 'runs/bars/result.json'), 'utf8'))
    expect(result).toMatchObject({ step: 60, images: 20, accuracy: 1, classes: { upright: 1, level: 1 } })
    expect(readFileSync(join(cwd, 'runs/bars/config.yaml'), 'utf8')).toMatch(/^model: \.\/my-model\.ts/m)

    const evaluated = await ddnet('eval', 'runs/bars', '--checkpoint', 'step=30', '--json')
    expect(JSON.parse(evaluated.stdout)).toMatchObject({ step: 30, images: 20 })
    const resumed = await ddnet('train', '--resume', 'runs/bars', '--checkpoint', 'step=30')
    expect(resumed.code, resumed.stderr).toBe(0)
    expect(JSON.parse(readFileSync(join(cwd, 'runs/bars/result.json'), 'utf8'))).toEqual(result)
    expect((await ddnet('runs', 'list')).stdout).toMatch(/runs\/bars .* 60 /)
  })

  test('train for another task, which the model names', async () => {
    const words = ['data=./my-data.ts', 'model=./my-autoencoder.ts']
    expect(await ddnet('config', ...words)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(
        'model=./my-autoencoder.ts (command line) is not for task=classification, only for reconstruction. Try task=reconstruction',
      ),
    })
    const settings = ['steps=60', 'batchSize=8', 'optimizer.learningRate=0.02', 'validation.every=30']
    const { code, stdout, stderr } = await ddnet('train', ...words, 'task=reconstruction', ...settings, 'name=copied')
    expect(code, stderr).toBe(0)
    expect(stdout).toMatch(/^step 30\/60 \| train loss [\d.]+ psnr +[\d.]+ dB \| val loss [\d.]+ psnr +[\d.]+ dB \| /m)
    expect(stdout).toMatch(/^test [\d.]+ dB, mean squared error [\d.e-]+, mean absolute error [\d.e-]+$/m)
    const result = JSON.parse(readFileSync(join(cwd, 'runs/copied/result.json'), 'utf8'))
    expect(result).toMatchObject({ step: 60, split: 'test', images: 20 })
    // Gray everywhere, the mean of black and white bars, has -10 log10(0.25) = 6 dB.
    expect(result.psnr).toBeGreaterThan(10)
    // The mean of the images' ratios is above the ratio of their mean error, for the logarithm is concave.
    expect(result.psnr).toBeGreaterThan(-10 * Math.log10(result.loss))
    expect(result.psnr).toBeLessThan(-10 * Math.log10(result.loss) + 1)
    expect(existsSync(join(cwd, 'runs/copied/predictions.png'))).toBe(true)
    const head = readFileSync(join(cwd, 'runs/copied/metrics.csv'), 'utf8').split('\n')[0]
    expect(head).toBe(
      'step,epoch,learningRate,seconds,trainLoss,trainPsnr,validationLoss,validationPsnr,validationImages',
    )
    const evaluated = await ddnet('eval', 'runs/copied', '--json')
    expect(JSON.parse(evaluated.stdout)).toMatchObject({ psnr: result.psnr, loss: result.loss })
    expect((await ddnet('predict', 'runs/copied')).stdout).toMatch(
      /^image 1\/10 test image 0 \(upright\): 8x8 error [\d.e-]+, [\d.]+ dB, /m,
    )
    // Each run has the score that it watches: one by its accuracy, the other by its loss.
    expect((await ddnet('runs', 'list')).stdout).toMatch(/^run +started +steps +time +score/m)
    expect((await ddnet('runs', 'list')).stdout).toMatch(/runs\/copied .* loss [\d.e-]+ /)
    const compared = (await ddnet('runs', 'compare', 'runs/copied', 'runs/copied')).stdout
    expect(compared).toMatch(/^loss +[\d.e-]+ test +[\d.e-]+ test$/m)
    expect(compared).not.toContain('accuracy')
    const visualized = await ddnet('visualize', 'runs/copied', '--only', 'curves,confusion,filters,grad-cam')
    expect(visualized.code, visualized.stderr).toBe(0)
    const told = visualized.stdout.replace(/\s+/g, ' ')
    expect(told).toContain('no confusion: the task has no classes that could be taken for each other')
    expect(told).toContain('no filters: the model has no stages called encoder and decoder to look into')
    const exported = await ddnet('export', 'runs/copied', 'copied.onnx', '--json')
    expect(exported.code, exported.stderr).toBe(0)
    expect(JSON.parse(readFileSync(join(cwd, 'copied.json'), 'utf8'))).toMatchObject({
      input: { shape: ['batch', 1, 8, 8] },
      preprocessing: { channelOrder: 'gray' },
      output: { shape: ['batch', 1, 8, 8], values: 'pictures, scaled as those of the input' },
    })
  })

  test('a task in TypeScript has its settings, and gets all of its fields where a sample is predicted', async () => {
    const words = ['data=./shares.ts', 'model=./regressor.ts', 'task=./my-task.ts']
    const { stdout: explained } = await ddnet('config', ...words, 'task.scale=2', '--explain')
    expect(explained).toMatch(
      /^# What the shares are multiplied by: a number above 0\ntask\.scale: 2 +# command line$/m,
    )
    expect(await ddnet('config', ...words, 'task.scael=2')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('Similar: task.scale'),
    })
    const settings = ['steps=200', 'batchSize=16', 'optimizer.learningRate=0.1', 'validation.every=100', 'task.scale=2']
    const { code, stderr } = await ddnet('train', ...words, ...settings, 'name=shares')
    expect(code, stderr).toBe(0)
    expect(JSON.parse(readFileSync(join(cwd, 'runs/shares/result.json'), 'utf8')).error).toBeLessThan(0.02)
    expect((await ddnet('runs', 'list')).stdout).toMatch(/runs\/shares .* error [\d.e-]+ /)
    const lines = (await ddnet('predict', 'runs/shares', '--json')).stdout.trimEnd().split('\n')
    // The second test image has 5 of 48 pixels bright.
    expect(JSON.parse(lines[1] as string).truth).toBeCloseTo(2 * (5 / 48 - 0.25), 5)

    // An image file has the image alone, and is read as high and wide as the run's.
    const raw = { width: 80, height: 60, channels: 3 } as const
    const half = Uint8Array.from({ length: 80 * 60 * 3 }, (_, at) => (at < 80 * 30 * 3 ? 255 : 0))
    await sharp(half, { raw }).png().toFile(join(cwd, 'half.png'))
    const predicted = await ddnet('predict', 'runs/shares', 'half.png', '--json')
    expect(predicted.code, predicted.stderr).toBe(0)
    const found = JSON.parse(predicted.stdout)
    expect(found.truth).toBeUndefined()
    expect(Math.abs(found.value - 2 * (0.5 - 0.25))).toBeLessThan(0.05)
    const exported = await ddnet('export', 'runs/shares', 'shares.onnx')
    expect(exported.code, exported.stderr).toBe(0)
    expect(exported.stdout).toMatch(/^output +'output', float32 \[batch, 1\]$/m)
    expect(JSON.parse(readFileSync(join(cwd, 'shares.json'), 'utf8'))).not.toHaveProperty('classes')
    expect((await ddnet('find-lr', ...words, '--steps', '20', '--json')).code).not.toBe(2)
  })

  test('image files are read in the channels of the run, by predict and by visualize', async () => {
    const settings = ['steps=20', 'batchSize=8', 'validation.every=10', 'name=looked']
    const { code, stderr } = await ddnet('train', 'data=./my-data.ts', 'model=./looked.ts', ...settings)
    expect(code, stderr).toBe(0)
    const raw = { width: 16, height: 16, channels: 3 } as const
    const photo = Uint8Array.from({ length: 16 * 16 * 3 }, (_, at) => (at * 7) % 256)
    await sharp(photo, { raw }).png().toFile(join(cwd, 'photo.png'))
    const predicted = await ddnet('predict', 'runs/looked', 'photo.png')
    expect(predicted.code, predicted.stderr).toBe(0)
    expect(predicted.stdout).toMatch(/^image 1\/1 photo\.png: 16x16 (upright|level) [\d.]+%, (upright|level) [\d.]+%, /)
    const only = 'filters,feature-maps,grad-cam,deconvnet,confusion'
    const pictures = await ddnet('visualize', 'runs/looked', 'photo.png', '--only', only, '--json')
    expect(pictures.code, pictures.stderr).toBe(0)
    const { pictures: made, leftOut } = JSON.parse(pictures.stdout)
    expect(leftOut).toEqual([])
    expect(made.map(({ title }: { title: string }) => title)).toContain('Grad-CAM')
    expect(made.find(({ title }: { title: string }) => title.startsWith('Filters')).caption).not.toContain('red')
  })

  test('train for a task of its own, which the model names as its definition does', async () => {
    const [data, model, task] = ['data=./data.mjs', 'model=./model.mjs', 'task=./task.mjs'] as const
    expect(await ddnet('config', data, model)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(
        'model=./model.mjs (command line) is not for task=classification, only for radius. Try task=./radius.ts, the file that defines it',
      ),
    })
    const settings = ['steps=100', 'batchSize=32', 'optimizer.learningRate=0.05', 'validation.every=50']
    const { code, stderr } = await ddnet('train', data, model, task, ...settings, 'name=discs')
    expect(code, stderr).toBe(0)
    const result = JSON.parse(readFileSync(join(cwd, 'runs/discs/result.json'), 'utf8'))
    // Of radii that are drawn evenly from 0.25 to 1, a guess of the mean is wrong by a quarter of 0.75 on average.
    expect(result.error).toBeLessThan(0.75 / 4 / 3)
    const evaluated = await ddnet('eval', 'runs/discs', '--json')
    expect(JSON.parse(evaluated.stdout)).toMatchObject({ error: result.error })
    expect((await ddnet('predict', 'runs/discs', '--csv')).stdout).toMatch(/^image,radius\ntest image 0,0\.\d+\n/)
    // Its steps are measured without its data.
    const { backends } = JSON.parse((await ddnet('bench', data, model, task, '--backend', 'wasm', '--json')).stdout)
    expect(backends.wasm.step.median).toBeGreaterThan(0)
  })
})
