import { BatchNorm, init, type ModuleOf, type StateDict } from '@ddnet/layers'
import { random } from '@ddnet/ops'
import { defined, entryOf, itemAt, useBackend } from '@ddnet/testing'
import { beforeAll, describe, expect, test } from 'vitest'
import { builtIn } from './built-in/registry.ts'
import { buildModel } from './parts.ts'
import { pruneChannels, pruneWeights } from './prune.ts'
import { entriesOf } from './settings/entries.ts'
import { resolveConfig } from './settings/resolve.ts'
import { settingCatalog } from './settings/setting-catalog.ts'

beforeAll(() => useBackend('cpu'))

const catalog = settingCatalog(builtIn)
const configOf = (settings: object) => resolveConfig([entriesOf(settings, 'test', catalog)], 'short', catalog).config
const facts = { image: { height: 8, width: 8, channels: 3 }, classNames: ['a', 'b', 'c'] }
const key = random.key(5)

/** A model with statistics as training leaves them. */
function trained(model: ModuleOf): ModuleOf {
  init(model, key)
  for (const [at, module] of [...model.modules().values()].entries()) {
    if (!(module instanceof BatchNorm)) continue
    module.running_mean?.assign(random.normal(key.fold(at).fold('mean'), [module.channels]))
    module.running_var?.assign(random.uniform(key.fold(at).fold('variance'), [module.channels], 0.5, 2))
    module.bias?.assign(random.normal(key.fold(at).fold('bias'), [module.channels]))
  }
  return model
}

/** All of a channel that a tensor gives is 0, along an axis of the file. */
function silence(tensors: StateDict, name: string, axis: number, channels: number, dead: ReadonlySet<number>): void {
  const tensor = tensors[name]
  if (tensor === undefined) return
  const inner = tensor.shape.slice(axis + 1).reduce((all, size) => all * size, 1)
  const size = itemAt(tensor.shape, axis)
  const data = Float32Array.from(tensor.data, Number).map((value, at) =>
    dead.has(Math.floor(((Math.floor(at / inner) % size) * channels) / size)) ? 0 : value,
  )
  tensors[name] = { dtype: 'float32', shape: tensor.shape, data }
}

const models = [
  { model: 'convnet' },
  { model: 'ddnet' },
  { model: 'ddnet', 'model.normalization': 'none' },
  { model: 'ddnet', 'model.skip': true },
  { model: 'ddnet', 'model.unpool': 'switches' },
  { model: 'ddnet', 'model.unpool': 'shuffle', 'model.skip': true },
  { model: 'ddnet', 'model.unpool': 'resize' },
  { task: 'reconstruction', model: 'ddnetPixels', 'model.skip': true },
]

describe.each(models)('%o', (settings) => {
  const channels = [6, 10]
  const of = (counts: readonly number[]) => configOf({ 'data.size': 8, ...settings, 'model.channels': counts })

  test('without channels that give nothing it says the same', async () => {
    const config = of(channels)
    const groups = defined(config.model.definition.channelGroups?.(config.model.options))
    const whole = trained(buildModel(config, facts))
    const tensors = await whole.stateDict()
    for (const [number, group] of groups.entries()) {
      const count = itemAt(channels, group.channels)
      // Every other one, and another half in each group.
      const dead = new Set(Array.from({ length: count / 2 }, (_, at) => 2 * at + (number % 2)))
      for (const module of group.outputs) {
        const isTransposed = whole.parameters().get(`${module}.weight`)?.layout === 'transposedFilter'
        silence(tensors, `${module}.weight`, isTransposed ? 1 : 0, count, dead)
        silence(tensors, `${module}.bias`, 0, count, dead)
      }
      for (const norm of group.norms)
        for (const name of ['weight', 'bias']) silence(tensors, `${norm}.${name}`, 0, count, dead)
    }
    whole.loadStateDict(tensors)
    const pruned = pruneChannels(whole, { model: tensors, optimizer: {} }, { groups, channels, share: 0.5 })
    expect(pruned.channels).toEqual([3, 5])
    const small = buildModel(of(pruned.channels), facts)
    small.loadStateDict(pruned.model)
    const images = random.normal(key.fold('images'), [2, 8, 8, 3])
    const [before, after] = await Promise.all(
      [whole, small].map(async (each) => [...(await each.predict(images).data())]),
    )
    expect(Math.max(...defined(before).map(Math.abs))).toBeGreaterThan(0.01)
    for (const [at, value] of defined(before).entries()) expect(itemAt(after, at)).toBeCloseTo(value, 5)
  })
})

test('of a filter the sum of its magnitudes counts, and an optimizer goes with its parameters', async () => {
  const config = configOf({ model: 'convnet', 'model.channels': [4], 'data.size': 8 })
  const whole = trained(buildModel(config, facts))
  const model = await whole.stateDict()
  const scales = [0.1, 3, 0.2, 2]
  const weight = entryOf(model, 'features.0.weight')
  const data = Float32Array.from({ length: weight.data.length }, (_, at) => itemAt(scales, Math.floor(at / 27)))
  model['features.0.weight'] = { dtype: 'float32', shape: weight.shape, data }
  // The optimizer has parameters as they are here: [kernel, kernel, in, out].
  const own = Float32Array.from({ length: 108 }, (_, at) => at % 4)
  const optimizer = {
    'adam.m.features.0.weight': { dtype: 'float32' as const, shape: [3, 3, 3, 4], data: own },
    'missed.features.0.weight': { dtype: 'int32' as const, shape: [], data: Int32Array.of(2) },
  }
  const groups = defined(config.model.definition.channelGroups?.(config.model.options))
  const pruned = pruneChannels(whole, { model, optimizer }, { groups, channels: [4], share: 0.5 })
  const left = entryOf(pruned.model, 'features.0.weight')
  expect([left.shape, [...new Set(Array.from(left.data, Number))]]).toEqual([
    [2, 3, 3, 3],
    [3, 2],
  ])
  const moments = entryOf(pruned.optimizer, 'adam.m.features.0.weight')
  expect([moments.shape, [...moments.data.slice(0, 4)]]).toEqual([
    [3, 3, 3, 2],
    [1, 3, 1, 3],
  ])
  expect(pruned.optimizer['missed.features.0.weight']).toEqual(optimizer['missed.features.0.weight'])
})

test('a group norm keeps whole groups', async () => {
  const settings = { model: 'ddnet', 'model.normalization': 'group', 'model.groups': 4, 'data.size': 8 }
  const config = configOf({ ...settings, 'model.channels': [8, 16] })
  const whole = trained(buildModel(config, facts))
  const groups = defined(config.model.definition.channelGroups?.(config.model.options))
  const state = { model: await whole.stateDict(), optimizer: {} }
  const pruned = pruneChannels(whole, state, { groups, channels: [8, 16], share: 0.7 })
  expect(pruned.channels).toEqual([4, 4])
  buildModel(configOf({ ...settings, 'model.channels': [4, 4] }), facts).loadStateDict(pruned.model)
})

test('the smallest weights of all layers together become 0, as many as were asked for', async () => {
  const config = configOf({ model: 'convnet', 'model.channels': [4], 'data.size': 8 })
  const whole = trained(buildModel(config, facts))
  const tensors = await whole.stateDict()
  const pruned = pruneWeights(whole, tensors, 0.6)
  const names = ['features.0.weight', 'head.weight'] // 108 and 12
  const pairs = names.flatMap((name) =>
    Array.from(entryOf(tensors, name).data, Number).map((value, at) => [
      Math.abs(value),
      Number(entryOf(pruned, name).data[at]),
      value,
    ]),
  )
  const sorted = pairs.map(([magnitude = 0]) => magnitude).sort((a, b) => a - b)
  expect(pairs.filter(([, now]) => now === 0)).toHaveLength(72)
  for (const [magnitude = 0, now, before] of pairs) expect(now).toBe(magnitude < itemAt(sorted, 72) ? 0 : before)
  for (const name of Object.keys(tensors).filter((each) => !names.includes(each)))
    expect(pruned[name]).toBe(tensors[name])
})
