import { readFileSync } from 'node:fs'
import { loader, tensorDataset } from '@ddnet/datasets'
import { decodeWeights } from '@ddnet/formats'
import { init, type ModuleOf } from '@ddnet/layers'
import { ConvNet } from '@ddnet/models'
import { memory, random, tensor } from '@ddnet/ops'
import { entryOf, expectTensorClose, fixtureUrl, readTensors, useBackend } from '@ddnet/testing'
import { Trainer } from '@ddnet/trainer'
import { beforeAll, describe, expect, test } from 'vitest'
import { builtIn } from './built-in/registry.ts'
import { fineTuningCallbacks, rateOf } from './fine-tuning.ts'
import { type GivenWeights, loadWeights } from './load-weights.ts'
import { buildModel, createOptimizer, createTask } from './parts.ts'
import type { Config } from './settings/config.ts'
import { entriesOf } from './settings/entries.ts'
import { resolveConfig } from './settings/resolve.ts'
import { settingCatalog } from './settings/setting-catalog.ts'
import { SettingsError } from './settings/settings-error.ts'

beforeAll(() => useBackend('cpu'))

const catalog = settingCatalog(builtIn)
const configWith = (settings: Record<string, unknown> = {}): Config =>
  resolveConfig(
    [entriesOf({ model: 'convnet', 'model.channels': [4, 6], 'data.size': 8, ...settings }, 'a test', catalog)],
    'ddnet',
    catalog,
  ).config
const classes = (count: number) => Array.from({ length: count }, (_, index) => `class ${index}`)
const modelFor = (count: number, settings: Record<string, unknown> = {}) =>
  buildModel(configWith(settings), { image: { height: 8, width: 8, channels: 3 }, classNames: classes(count) })

/** Written by PyTorch: fixtures/make_weights.py */
async function given(file: string): Promise<GivenWeights> {
  const { tensors, unread } = await decodeWeights(readFileSync(fixtureUrl(`weights/${file}`)), file)
  return { name: file, tensors, unread }
}

const without = ({ name, tensors }: GivenWeights, ...names: string[]): GivenWeights => ({
  name,
  tensors: Object.fromEntries(Object.entries(tensors).filter(([each]) => !names.includes(each))),
})

const logitsOf = async (model: ModuleOf) => {
  const tensors = readTensors('weights/logits.safetensors')
  const { data, shape } = entryOf(tensors, 'images')
  const input = tensor(Float32Array.from(data), shape)
  await expectTensorClose(model.predict(input), entryOf(tensors, 'logits'), 1e-5, 'logits')
  input.dispose()
}

describe('loadWeights', () => {
  test.each(['convnet.safetensors', 'convnet.pt', 'training.pt', 'no-counts.safetensors'])(
    "%s gives PyTorch's logits",
    async (file) => {
      const model = modelFor(7)
      const { taken, anew, left, prefix } = loadWeights(model, await given(file), configWith(), classes(7))
      expect([anew, left]).toEqual([[], []])
      expect(taken).toHaveLength(file === 'no-counts.safetensors' ? 12 : 14)
      expect(prefix).toBe(file === 'training.pt' ? 'module.' : undefined)
      await logitsOf(model)
      model.dispose()
    },
  )

  test('a head of another size begins anew, as init draws it, and what is told', async () => {
    const model = modelFor(3)
    const { anew, taken } = loadWeights(model, await given('convnet.pt'), configWith(), classes(3))
    expect(anew).toEqual([
      { name: 'head.weight', reason: '[7,6] in the file, [3,6] here' },
      { name: 'head.bias', reason: '[7] in the file, [3] here' },
    ])
    expect(taken).not.toContain('head.weight')
    expect(model.parameters().get('head.weight')?.ready).toBe(false)
    init(model, random.key(1))
    const fresh = init(new ConvNet({ channels: [4, 6], classes: 3 }), random.key(1))
    const [state, drawn] = [await model.stateDict(), await fresh.stateDict()]
    const { tensors } = await given('convnet.safetensors')
    for (const [name, values] of Object.entries(state))
      expect(values, name).toEqual(entryOf(name.startsWith('head.') ? drawn : tensors, name))
    for (const each of [model, fresh]) each.dispose()
  })

  test('a head of the same size and of other classes begins anew', async () => {
    const model = modelFor(7)
    const weights = { ...(await given('convnet.pt')), classNames: classes(7).toReversed() }
    expect(loadWeights(model, weights, configWith(), classes(7)).anew).toEqual([
      { name: 'head.weight', reason: 'the classes are others' },
      { name: 'head.bias', reason: 'the classes are others' },
    ])
    model.dispose()
  })

  test('a head that is not in the file begins anew', async () => {
    const model = modelFor(7)
    const weights = without(await given('convnet.pt'), 'head.weight', 'head.bias')
    expect(loadWeights(model, weights, configWith(), classes(7)).anew.map(({ reason }) => reason)).toEqual([
      'not in the file',
      'not in the file',
    ])
    model.dispose()
  })

  test('what is asked for begins anew, or stays in the file', async () => {
    const model = modelFor(7)
    const weights = await given('convnet.pt')
    const tensors = { ...weights.tensors, 'aux.weight': entryOf(weights.tensors, 'head.bias') }
    const config = configWith({ weights: 'convnet.pt', weightsExcept: 'features.4,aux' })
    const { anew, left } = loadWeights(model, { ...weights, tensors }, config, classes(7))
    expect(anew).toEqual([{ name: 'features.4.weight', reason: 'as weightsExcept says' }])
    expect(left).toEqual(['aux.weight'])
    model.dispose()
  })

  const wider = configWith({ 'model.channels': [4, 8] })
  test.each<[string, (weights: GivenWeights) => GivenWeights, Config, string]>([
    [
      'another shape',
      (weights) => weights,
      wider,
      'weights: convnet.pt does not fit convnet: features.4.weight is [6,4,3,3] in the file, [8,4,3,3] here; features.5.weight is [6] in the file, [8] here; ',
    ],
    [
      'a missing tensor',
      (weights) => without(weights, 'features.1.running_var'),
      configWith(),
      'convnet.pt does not fit convnet: features.1.running_var is not in the file. Give the model the options that it had there, or leave these out: weightsExcept=features',
    ],
    [
      'an extra tensor',
      (weights) => ({ ...weights, tensors: { ...weights.tensors, 'aux.bias': entryOf(weights.tensors, 'head.bias') } }),
      configWith(),
      'aux.bias is in the file, and the model has none',
    ],
    [
      'another model’s tensors',
      ({ tensors }) => ({ name: 'b.pt', tensors: { 'conv1.weight': entryOf(tensors, 'features.0.weight') } }),
      configWith(),
      'None of its names is one of this model: it is of another one. The model has features.0.weight, features.1.weight, features.1.bias, …; the file conv1.weight, ….',
    ],
    [
      'an exception that is none',
      (weights) => weights,
      configWith({ weights: 'convnet.pt', weightsExcept: 'fc' }),
      "weightsExcept: 'fc' names nothing of the model, and nothing in convnet.pt. Leave it out.",
    ],
  ])('%s is refused by name, and nothing is taken', async (_, change, config, message) => {
    const { numTensors } = memory()
    const model = buildModel(config, { image: { height: 8, width: 8, channels: 3 }, classNames: classes(7) })
    const weights = change(await given('convnet.pt'))
    expect(() => loadWeights(model, weights, config, classes(7))).toThrow(SettingsError)
    expect(() => loadWeights(model, weights, config, classes(7))).toThrow(message)
    expect(memory().numTensors).toBe(numTensors)
  })
})

describe('fine-tuning by settings', () => {
  test('freeze freezes what it names, as a text or a list; frozenNorms keeps its statistics', () => {
    for (const freeze of ['features.0, *.bias', ['features.0', '*.bias']]) {
      const model = modelFor(7, { freeze })
      const frozen = [...model.parameters()].flatMap(([name, each]) => (each.frozen ? [name] : []))
      expect(frozen).toEqual(['features.0.weight', 'features.1.bias', 'features.5.bias', 'head.bias'])
      expect([...model.buffers().values()].some((each) => each.frozen)).toBe(false)
    }
    const model = modelFor(7, { freeze: 'features', frozenNorms: 'keep' })
    expect([...model.buffers().values()].every((each) => each.frozen)).toBe(true)
  })

  test.each<[Record<string, unknown>, string]>([
    [
      { freeze: 'layer1.*' },
      "freeze: 'layer1.*' names nothing of the model. Its parts are features, head, and its parameters features.0.weight, features.1.weight and so on.",
    ],
    [{ rates: { fc: 1 } }, "rates: 'fc' names nothing of the model."],
    [{ freeze: '*' }, 'freeze=* leaves nothing to train. Leave out the head'],
  ])('%o is refused with the names that there are', (settings, message) => {
    expect(() => modelFor(7, settings)).toThrow(SettingsError)
    expect(() => modelFor(7, settings)).toThrow(message)
  })

  test.each<[Record<string, unknown>, string]>([
    [{ weightsExcept: 'fc' }, "weightsExcept: 'fc' (a test) does nothing without weights."],
    [{ frozenNorms: 'keep' }, "frozenNorms: 'keep' (a test) does nothing where nothing is frozen."],
    [{ headFirst: 10, epochs: 10 }, 'headFirst=10 (a test): expected fewer than the 10 epochs of the run'],
    [{ headFirst: -1 }, 'expected a whole number of at least 0, got -1'],
    [{ rates: { fc: -1 } }, 'expected factors by name'],
  ])('%o contradicts itself', (settings, message) => {
    expect(() => configWith(settings)).toThrow(message)
  })

  test('of several factors of the rate the last one that fits counts', () => {
    const rate = rateOf({ '*': 0.1, head: 1, 'head.bias': 0.5 })
    expect(['features.0.weight', 'head.weight', 'head.bias', 'header'].map(rate)).toEqual([0.1, 1, 0.5, 0.1])
  })

  test('rates and headFirst decide how far each parameter goes in a step', async () => {
    const config = configWith({
      ...{ rates: { '*': 0.1, head: 1 }, headFirst: 1, epochs: 2, batchSize: 4 },
      ...{ optimizer: 'sgd', 'optimizer.learningRate': 1, schedule: 'constant' },
    })
    const model = init(modelFor(7), random.key(1))
    const facts = { image: { height: 8, width: 8, channels: 3 }, classNames: classes(7) }
    const data = loader(
      tensorDataset({
        image: { data: random.uniformValues(random.key(2), 8 * 192), shape: [8, 8, 8, 3] },
        label: Int32Array.from({ length: 8 }, (_, index) => index % 7),
      }),
      { batchSize: 4 },
    )
    const state = async () =>
      Object.fromEntries(
        Object.entries(await model.stateDict()).map(([name, { data: values }]) => [name, [...values].map(Number)]),
      )
    const states = [await state()]
    const trainer = new Trainer({
      model,
      optimizer: createOptimizer(config, 4),
      data: { train: data },
      ...createTask(config, facts),
      callbacks: [
        ...fineTuningCallbacks(model, config),
        { needsState: () => true, onStep: async () => void states.push(await state()) },
      ],
    })
    await trainer.fit({ steps: 4 })
    const moved = (step: number, name: string) =>
      (states[step]?.[name] ?? []).some((value, at) => value !== states[step - 1]?.[name]?.[at])
    expect([1, 2, 3, 4].map((step) => moved(step, 'features.0.weight'))).toEqual([false, false, true, true])
    expect([1, 2, 3, 4].map((step) => moved(step, 'head.weight'))).toEqual([true, true, true, true])
    model.dispose()
  })
})
