import { init, type ModuleOf, openPass } from '@ddnet/layers'
import {
  argMax,
  cast,
  dispose,
  equal,
  mean,
  random,
  reshape,
  softmaxCrossEntropy,
  type Tensor,
  tensor,
  tidy,
} from '@ddnet/ops'
import { itemAt, useBackend } from '@ddnet/testing'
import { beforeAll, describe, expect, test } from 'vitest'
import {
  CifarDenseNet,
  CifarResNet,
  DDNet,
  DeconvNet,
  DenseNet,
  MobileNetV2,
  PixelDDNet,
  ResNet,
  SegNet,
  UNet,
} from '../src/index.ts'
import { eightImages, train } from './eight-images.ts'

const pictures = 8
const classes = 4

/** Of the images in turn. */
const labels = (): Tensor => tensor([0, 1, 2, 3, 0, 1, 2, 3], [pictures], 'int32')

/** Of each pixel: 0 where it is dark, and else of the images in turn 1, 2 or 3. */
function masks(x: Tensor): Tensor {
  return tidy(() => {
    const values = mean(x, -1).dataSync()
    const area = values.length / pictures
    const ofPixel = (value: number, at: number) => (value < 0 ? 0 : 1 + (Math.floor(at / area) % 3))
    return tensor(Int32Array.from(values, ofPixel), [values.length], 'int32')
  })
}

/** The loss before and after so many steps of Adam in training passes, and the share of answers that are right then. */
async function learn(
  model: ModuleOf,
  size: 16 | 32,
  steps: number,
): Promise<{ before: number; after: number; right: number }> {
  const x = eightImages(size)
  const run = () => reshape(model.forward(x), [-1, classes]) // [batch (· height · width), classes]
  const isOfPixels = tidy(() => model.predict(x).rank === 4)
  const answers = isOfPixels ? masks(x) : labels()
  const losses = await train(model, () => softmaxCrossEntropy(run(), answers), steps)
  const right = tidy(() => {
    const found = openPass({ training: true, root: model, key: random.key(steps) }, run)
    return itemAt(mean(cast(equal(argMax(found, -1), answers), 'float32')).dataSync(), 0)
  })
  dispose([x, answers])
  return { before: itemAt(losses, 0), after: itemAt(losses, losses.length - 1), right }
}

const stages = [
  { expansion: 1, channels: 8, blocks: 1, stride: 1 },
  { expansion: 3, channels: 16, blocks: 2, stride: 2 },
]
const channels = [8, 16]
const wide = [16, 32]
const depths = [1, 1]

type Network = [name: string, make: () => ModuleOf, size: 16 | 32, lastBias: string, steps?: number]

const networks: readonly Network[] = [
  ...(['stride', 'switches', 'shuffle', 'resize'] as const).map(
    (unpool): Network => [`DDNet by ${unpool}`, () => new DDNet({ channels, classes, unpool }), 16, 'heads.class.bias'],
  ),
  [
    'DDNet of pixels, with skips and group norm',
    () => new PixelDDNet({ channels: wide, outputs: classes, skip: true, normalization: 'group' }),
    16,
    'heads.mask.bias',
    150,
  ],
  ['SegNet', () => new SegNet({ classes, channels: wide, depths }), 16, 'head.bias', 150],
  [
    'DeconvNet',
    () => new DeconvNet({ classes, channels: wide, depths, kernelSize: 4, hidden: 32 }),
    16,
    'head.bias',
    150,
  ],
  ['U-Net', () => new UNet({ classes, channels }), 16, 'head.bias'],
  ['ResNet', () => new ResNet({ classes, width: 8, blocks: [1, 1, 1, 1] }), 32, 'fc.bias'],
  ['ResNet of bottlenecks', () => new ResNet({ depth: 50, classes, width: 4, blocks: [1, 1, 1, 1] }), 32, 'fc.bias'],
  ['ResNet for CIFAR', () => new CifarResNet({ depth: 8, classes, width: 8 }), 16, 'fc.bias'],
  ['DenseNet', () => new DenseNet({ classes, growthRate: 8, blocks: [2, 2] }), 32, 'classifier.bias'],
  ['DenseNet for CIFAR', () => new CifarDenseNet({ depth: 10, classes, growthRate: 8 }), 16, 'classifier.bias'],
  ['MobileNetV2', () => new MobileNetV2({ classes, stages, dropout: 0 }), 32, 'classifier.1.bias'],
]

describe('eight images by heart', () => {
  beforeAll(() => useBackend('wasm'))

  test.each(networks)('%s learns them', async (_, make, size, __, steps = 60) => {
    const model = init(make(), random.key(1))
    const { before, after, right } = await learn(model, size, steps)
    model.dispose()
    expect(right).toBeGreaterThan(0.97)
    expect(after).toBeLessThan(before / 4)
  })

  test.each(networks)(
    '%s does not with all frozen but the last bias, which knows no image',
    async (_, make, size, bias, steps = 60) => {
      const model = init(make(), random.key(1))
      model.freeze()
      model.unfreeze(bias)
      const { before, after, right } = await learn(model, size, steps)
      model.dispose()
      expect(right).toBeLessThan(0.8)
      expect(after).toBeGreaterThan(before / 2)
    },
  )
})
