import { execFile } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll } from 'vitest'

const command = fileURLToPath(new URL('../dist/main.mjs', import.meta.url))
/** Whether there is a command to try. */
export const built = existsSync(command)
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

interface Ended {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** What a user wrote in TypeScript, in a folder outside of this repository with the packages installed, and the built command in it. */
export function ownFiles(): { readonly ddnet: (...args: string[]) => Promise<Ended>; readonly folder: () => string } {
  let cwd = ''
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

  async function ddnet(...args: string[]): Promise<Ended> {
    try {
      const env = { ...process.env, NO_COLOR: '1', DDNET_BACKEND: 'wasm' }
      return { code: 0, ...(await promisify(execFile)(process.execPath, [command, ...args], { cwd, env })) }
    } catch (error) {
      return error as { code: number; stdout: string; stderr: string }
    }
  }
  return { ddnet, folder: () => cwd }
}
