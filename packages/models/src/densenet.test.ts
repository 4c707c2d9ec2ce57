import { init, type StateDict } from '@ddnet/layers'
import { random } from '@ddnet/ops'
import { useBackend } from '@ddnet/testing'
import { beforeAll, expect, test } from 'vitest'
import { CifarDenseNet, DenseNet, densenetNames } from './densenet.ts'

beforeAll(() => useBackend('cpu'))

test('the names in torchvision’s published files become those of today', async () => {
  const options = { growthRate: 4, blocks: [1, 2], classes: 3 }
  const state = await init(new DenseNet(options), random.key(1)).stateDict()
  const old: StateDict = Object.fromEntries(
    Object.entries(state).map(([name, value]) => [name.replace(/(layer\d+\.(?:norm|conv))([12])/, '$1.$2'), value]),
  )
  expect(Object.keys(old)).toContain('features.denseblock2.denselayer2.norm.1.running_mean')
  const model = new DenseNet(options)
  expect(() => model.loadStateDict(old)).toThrow('missing features.denseblock1.denselayer1.norm1.weight')
  expect(model.loadStateDict(densenetNames(old))).toEqual({ missing: [], unexpected: [] })
  expect(await model.stateDict()).toEqual(state)
})

test('DenseNet refuses what there is not', () => {
  expect(() => new CifarDenseNet({ depth: 41 })).toThrow('expected a depth of 6n + 4, such as 40 and 100, got 41.')
  expect(() => new DenseNet({ blocks: [6, 0] })).toThrow('DenseNet: expected blocks as positive integers, got [6,0].')
})
