import { init, Module } from '@ddnet/layers'
import { memory, mul, random, type Tensor, type Tensor4D, tensor, tidy } from '@ddnet/ops'
import {
  describeBackends,
  entryOf,
  expectClose,
  floatsOf,
  itemAt,
  readTensors,
  torchState,
  upload,
} from '@ddnet/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { DDNet } from '../ddnet.ts'
import { SeedDDNet } from '../seed-ddnet.ts'
import { deconvnet } from './deconvnet.ts'
import { featureMaps } from './feature-maps.ts'
import { gradCam } from './grad-cam.ts'
import { reconstruct } from './reconstruct.ts'

/** PyTorch's, by fixtures/make_inspection.py. */
const expected = readTensors('inspection/expected.safetensors')

const numbers = async (x: Tensor): Promise<number[]> => Array.from(await floatsOf(x))

/** Compares in units of the largest expected value: class activation maps are small. */
async function expectPicture(actual: Tensor, name: string): Promise<void> {
  const { shape, data } = entryOf(expected, name)
  expect(actual.shape, name).toEqual(shape)
  const largest = Math.max(...Array.from(data, Math.abs)) || 1
  expectClose(
    (await numbers(actual)).map((value) => value / largest),
    Array.from(data, (value) => value / largest),
    2e-5,
    name,
  )
  actual.dispose()
}

const named = (start: string): string[] => Object.keys(expected).filter((name) => name.startsWith(`${start} `))

describeBackends('looking inside', () => {
  let model: DDNet
  let images: Tensor4D
  beforeAll(() => {
    model = new DDNet({ channels: [4, 5, 6], classes: 4 })
    model.loadStateDict(torchState('inspection/model.safetensors'))
    images = upload(entryOf(expected, 'images')) as Tensor4D
  })
  afterAll(() => {
    model.dispose()
    images.dispose()
  })

  test.each(named('maps'))('%s are what PyTorch’s hooks see', async (name) => {
    const layer = itemAt(name.split(' '), 1)
    await expectPicture(entryOf(featureMaps(model, images, [layer]), layer), name)
  })

  test.each(named('cam'))('Grad-CAM is PyTorch’s: %s', async (name) => {
    const [, layer, ...classes] = name.split(' ') as [string, string, ...string[]]
    await expectPicture(gradCam(model, images, { layer, classes: classes.map(Number) }), name)
  })

  test.each(named('deconvnet'))('a projection is PyTorch’s: %s', async (name) => {
    const [, stage, first, second, activations] = name.split(' ')
    const options = { stage: Number(stage), channels: [Number(first), Number(second)] }
    // 'largest' is the default.
    await expectPicture(
      deconvnet(model, images, activations === 'all' ? { ...options, activations: 'all' } : options),
      name,
    )
  })

  test('nothing is left behind, and the model still computes what it did', async () => {
    const before = memory().numTensors
    tidy(() => {
      featureMaps(model, images)
      gradCam(model, images, { layer: 'encoder.1', classes: [0, 1] })
      deconvnet(model, images, { stage: 1, channels: [0, 1] })
      reconstruct(model, images, { layer: 'encoder.0', steps: 2 })
    })
    expect(memory().numTensors).toBe(before)
    await expectPicture(model.predict(images), 'logits')
  })
})

describeBackends('maps of classes', () => {
  test('before the head, Grad-CAM is the class activation map of Zhou et al.', async () => {
    const model = init(new DDNet({ channels: [4, 6], classes: 3 }), random.key(3))
    const images = random.normal(random.key(4), [1, 8, 8, 3])
    const cam = await numbers(gradCam(model, images, { layer: 'decoder.1', classes: [2] }))
    const maps = await numbers(entryOf(featureMaps(model, images, ['decoder.1']), 'decoder.1'))
    const weight = await numbers(model.heads.class.weight.value) // [classes, channels]
    const byHand = Array.from({ length: 64 }, (_, place) => {
      let sum = 0
      for (let channel = 0; channel < 4; channel++)
        sum += itemAt(weight, 2 * 4 + channel) * itemAt(maps, place * 4 + channel)
      return Math.max(0, sum)
    })
    expect(Math.max(...byHand)).toBeGreaterThan(0)
    expectClose(
      cam.map((value) => 64 * value),
      byHand,
    )
  })

  test('the map of a class does not know the weights of other classes', async () => {
    const model = init(new DDNet({ channels: [4, 6], classes: 3 }), random.key(3))
    const images = random.normal(random.key(4), [1, 8, 8, 3])
    const map = (label: number) => numbers(gradCam(model, images, { layer: 'encoder.1', classes: [label] }))
    const [before, other] = [await map(1), await map(0)]
    const { weight } = model.heads.class
    weight.assign(mul(weight.value, tensor([[-1], [1], [-3]])))
    expect(await map(1)).toEqual(before)
    expect(await map(0)).not.toEqual(other)
  })
}, ['wasm'])

describeBackends('a projection', () => {
  const model = () => init(new DDNet({ channels: [4, 6] }), random.key(1))
  const images = () => random.normal(random.key(2), [1, 16, 16, 3])

  test('is confined to what the activation saw: 8×8 pixels after two stages of 3×3 and pooling with switches', async () => {
    let shown = 0
    for (const channel of [0, 1, 2, 3, 4, 5]) {
      const values = await numbers(deconvnet(model(), images(), { stage: 1, channels: [channel] }))
      const lit = [...new Set(values.flatMap((value, index) => (value === 0 ? [] : [Math.floor(index / 3)])))]
      if (lit.length === 0) continue
      shown++
      for (const places of [lit.map((place) => place % 16), lit.map((place) => Math.floor(place / 16))])
        expect(Math.max(...places) - Math.min(...places)).toBeLessThan(8)
    }
    expect(shown).toBeGreaterThan(3)
  })

  test('of a silent channel is black', async () => {
    const network = model()
    const norm = network.encoder[1]?.norm
    norm?.bias?.assign(tensor([-1000, 0, 0, 0, 0, 0]))
    const values = await numbers(deconvnet(network, images(), { stage: 1, channels: [0] }))
    expect(values.every((value) => value === 0)).toBe(true)
  })
}, ['wasm'])

describeBackends('a reconstruction', () => {
  test('comes from the features alone, and nearer to them than the noise it began with', async () => {
    const model = init(new DDNet({ channels: [8, 6] }), random.key(1))
    const images = random.uniform(random.key(5), [1, 8, 8, 3], -1, 1)
    const features = (x: Tensor) => numbers(entryOf(featureMaps(model, x, ['encoder.0']), 'encoder.0'))
    const target = await features(images)
    const distance = async (x: Tensor) => {
      const found = await features(x)
      const squares = (values: number[]) => values.reduce((sum, value) => sum + value ** 2, 0)
      return squares(target.map((value, index) => value - itemAt(found, index))) / squares(target)
    }
    const options = { layer: 'encoder.0', key: random.key(9), smoothness: 0 }
    const [start, end] = [
      await distance(reconstruct(model, images, { ...options, steps: 0 })),
      await distance(reconstruct(model, images, { ...options, steps: 200 })),
    ]
    expect(start).toBeGreaterThan(0.5)
    expect(end).toBeLessThan(0.01)
  })

  test('of a layer that keeps everything is the image', async () => {
    class Keeps extends Module {
      readonly whole = new (class extends Module {
        override forward = (x: Tensor) => mul(x, 2)
      })()
      override forward = (x: Tensor) => this.whole.forward(x)
    }
    const images = random.uniform(random.key(5), [2, 4, 4, 3])
    const found = await numbers(reconstruct(new Keeps(), images, { layer: 'whole', smoothness: 0 }))
    expectClose(found, await numbers(images), 1e-3)
  })
}, ['wasm'])

describeBackends('mistakes', () => {
  const image = () => random.normal(random.key(1), [1, 8, 8, 3])
  const model = () => init(new DDNet({ channels: [4], classes: 3 }), random.key(0))

  test('an unknown layer is answered with those that there are', () => {
    expect(() => featureMaps(model(), image(), ['encoder.1'])).toThrow(
      'DDNet has no layer "encoder.1". Its layers are encoder.0, encoder.0.conv, encoder.0.norm, decoder.0, decoder.0.deconv, decoder.0.norm, heads.class.',
    )
  })

  test('classes and channels that are none, or too few, are named', () => {
    const cam = (classes: number[], layer = 'encoder.0') => gradCam(model(), image(), { layer, classes })
    expect(() => cam([3])).toThrow('gradCam: expected classes in 0 … 2, got 3.')
    expect(() => cam([0, 1])).toThrow('gradCam: expected one class for each of 1 images, got 2.')
    expect(() => cam([0], 'heads.class')).toThrow('expected the output of heads.class to be [batch, height, width')
    const project = (stage: number, channels: number[]) => deconvnet(model(), image(), { stage, channels })
    expect(() => project(1, [0])).toThrow('deconvnet: expected a stage in 0 … 0, got 1.')
    expect(() => project(0, [4])).toThrow('deconvnet: expected channels of stage 0 in 0 … 3, got 4.')
    expect(() => project(0, [])).toThrow('deconvnet: expected one channel for each of 1 images, got 0.')
    const grouped = init(new DDNet({ channels: [4], normalization: 'group', groups: 2 }), random.key(0))
    expect(() => deconvnet(grouped, image(), { stage: 0, channels: [0] })).toThrow(
      'deconvnet: expected norms with running statistics',
    )
  })

  test('the article’s network can be looked into, too', () => {
    const maps = featureMaps(init(new SeedDDNet(), random.key(0)), image())
    expect(Object.entries(maps).map(([name, { shape }]) => [name, shape])).toEqual([
      ['encoder.0', [1, 8, 8, 32]],
      ['encoder.1', [1, 8, 8, 64]],
      ['encoder.2', [1, 8, 8, 128]],
      ['decoder.0', [1, 15, 15, 64]],
      ['decoder.1', [1, 29, 29, 32]],
      ['decoder.2', [1, 57, 57, 3]],
      ['heads.class', [1, 10]],
    ])
  })
}, ['wasm'])
