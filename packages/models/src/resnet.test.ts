import { init } from '@ddnet/layers'
import { random, toHost } from '@ddnet/ops'
import { defined, useBackend } from '@ddnet/testing'
import { beforeAll, expect, test } from 'vitest'
import { CifarResNet, ResNet } from './resnet.ts'

beforeAll(() => useBackend('cpu'))

test('ResNet refuses depths that there are not', () => {
  // @ts-expect-error: there is no such depth
  expect(() => new ResNet({ depth: 19 })).toThrow('ResNet: expected a depth of 18, 34, 50, got 19.')
  for (const depth of [2, 18, 20.5]) {
    expect(() => new CifarResNet({ depth })).toThrow(`expected a depth of 6n + 2, such as 20, 32 and 56, got ${depth}.`)
  }
})

test('a new head stands on loaded weights', async () => {
  const trained = init(new ResNet({ classes: 7, width: 4 }), random.key(1))
  const model = new ResNet({ classes: 2, width: 4 })
  const { 'fc.weight': _, 'fc.bias': __, ...backbone } = await trained.stateDict()
  expect(model.loadStateDict(backbone, { strict: false })).toEqual({
    missing: ['fc.weight', 'fc.bias'],
    unexpected: [],
  })
  init(model, random.key(2))
  expect(model.predict(random.normal(random.key(3), [2, 40, 33, 3])).shape).toEqual([2, 2])
})

test('its convolutions begin with the variance 2 / (out · kernel²) of torchvision', async () => {
  const model = init(new ResNet({ width: 16 }), random.key(1))
  const filter = defined(model.parameters().get('layer4.0.conv1.weight'))
  const values = Array.from((await toHost(filter.value)).data, Number)
  const variance = values.reduce((sum, value) => sum + value ** 2, 0) / values.length
  expect(variance / (2 / (128 * 9))).toBeCloseTo(1, 1)
})
