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
  const names = ['datasets', 'layers', 'losses', 'metrics', 'ops', 'visuals']
  for (const name of names) symlinkSync(join(repository, 'packages', name), join(scope, name))
  symlinkSync(join(repository, 'apps/cli'), join(cwd, 'node_modules/ddnet'))
  symlinkSync(join(repository, 'node_modules/typescript'), join(cwd, 'node_modules/typescript'))
  writeFileSync(join(cwd, 'my-model.ts'), model)
  writeFileSync(join(cwd, 'my-data.ts'), data)
  writeFileSync(join(cwd, 'my-autoencoder.ts'), autoencoder)
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
    expect((await ddnet('runs', 'list')).stdout).toMatch(/runs\/copied .* loss [\d.e-]+ /)
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
