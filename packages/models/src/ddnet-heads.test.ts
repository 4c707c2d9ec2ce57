import { init, type Module, summary } from '@ddnet/layers'
import { memory, random, tidy, toHost } from '@ddnet/ops'
import { defined, useBackend } from '@ddnet/testing'
import { beforeAll, expect, test } from 'vitest'
import { DDNet } from './ddnet.ts'
import { MultiHeadDDNet, PixelDDNet } from './ddnet-heads.ts'

beforeAll(() => useBackend('cpu'))

const channels = [4, 6]

test('each head gives what it says', () => {
  const before = memory().numTensors
  const model = init(new MultiHeadDDNet({ class: 5, mask: 3, image: 2, objects: 7 }, { channels }), random.key(1))
  tidy(() => {
    const { class: logits, mask, image, objects } = model.predict(random.normal(random.key(2), [2, 8, 4, 3]))
    expect(logits.shape).toEqual([2, 5])
    expect(mask.shape).toEqual([2, 8, 4, 3])
    expect(image.shape).toEqual([2, 8, 4, 2])
    expect([objects.heatMap.shape, objects.size.shape, objects.offset.shape]).toEqual([
      [2, 8, 4, 7],
      [2, 8, 4, 2],
      [2, 8, 4, 2],
    ])
  })
  model.dispose()
  expect(memory().numTensors).toBe(before)
})

test('a model has the heads that it is given and no others', () => {
  const names = (model: Module) => [...model.parameters().keys()].filter((name) => name.startsWith('heads'))
  expect(names(new MultiHeadDDNet({ image: 3 }))).toEqual(['heads.image.weight', 'heads.image.bias'])
  expect(() => new MultiHeadDDNet({})).toThrow(
    'MultiHeadDDNet: expected heads of class, mask, image, objects, got none.',
  )
  // @ts-expect-error: there is no such head
  expect(() => new MultiHeadDDNet({ box: 4 })).toThrow('expected heads of class, mask, image, objects, got box.')
})

test('the heat map begins near 0.1 everywhere', async () => {
  const model = init(new MultiHeadDDNet({ objects: 2 }, { channels }), random.key(1))
  const { data } = await toHost(defined(model.heads.objects.heatMap.bias).value)
  for (const bias of data) expect(1 / (1 + Math.exp(-Number(bias)))).toBeCloseTo(0.1, 6)
  model.dispose()
})

test('a pixel’s answers have the image’s size, and their head the name of what they are', () => {
  const { rows } = summary(new PixelDDNet({ channels, outputs: 5, head: 'image' }), [1, 8, 12, 3])
  expect(rows.at(-1)).toMatchObject({ name: 'heads.image', outputShape: [1, 8, 12, 5] })
  expect(summary(new PixelDDNet({ channels }), [1, 8, 12, 3]).rows.at(-1)?.name).toBe('heads.mask')
})

test('several heads go on from a classifier', async () => {
  const classifier = init(new DDNet({ channels, classes: 5 }), random.key(1))
  const model = new MultiHeadDDNet({ class: 5, image: 3 }, { channels })
  const { missing, unexpected } = model.loadStateDict(await classifier.stateDict(), { strict: false })
  expect([missing, unexpected]).toEqual([['heads.image.weight', 'heads.image.bias'], []])
  init(model, random.key(2))
  const images = random.normal(random.key(3), [1, 8, 8, 3])
  const [ours, theirs] = [model.predict(images).class, classifier.predict(images)]
  expect(await ours.data()).toEqual(await theirs.data())
})
