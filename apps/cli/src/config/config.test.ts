import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { builtIn, droppedText, flatSettings, presets, resolveConfig, settingCatalog, toYaml } from '@ddnet/experiment'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { entriesOfFile, readArguments, readConfigContent, readEnvironment } from './read-entries.ts'

const settings = settingCatalog(builtIn)
const fromWords = (...words: string[]) => readArguments(words, settings)
const readConfigFile = async (path: string) => entriesOfFile(await readConfigContent(path), path, settings)
const resolve = (...words: string[]) => resolveConfig([fromWords(...words)], 'short', settings)

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ddnet-config-'))
})
afterAll(() => rm(folder, { recursive: true }))
const file = async (text: string) => {
  const path = join(folder, 'settings.yaml')
  await writeFile(path, text)
  return path
}

describe('words of the command line', () => {
  test('values are numbers, booleans, lists and text', () => {
    const entries = fromWords(
      'epochs=10',
      'optimizer.learningRate=1e-3',
      'data.flip=false',
      'model.channels=[16,32]',
      'runs=out',
    )
    expect(entries.map(({ value }) => value)).toEqual([10, 0.001, false, [16, 32], 'out'])
  })

  test('text stays text where text is expected', () => {
    expect(fromWords('name=2024')[0]?.value).toBe('2024')
    expect(fromWords('name=null')[0]?.value).toBe(null)
  })

  test.each([
    ['epoch=3', `'epoch=3' is not a valid setting (command line). Similar: epochs`],
    ['learningRate=1', `'learningRate=1' is not a valid setting (command line). Similar: optimizer.learningRate`],
    ['flavour=red', `'flavour=red' is not a valid setting (command line). See all with: ddnet config --explain`],
    ['epochs=ten', `epochs=ten (command line): expected a whole number above 0, got 'ten'. Try epochs=10`],
    ['epochs=2.5', `epochs=2.5 (command line): expected a whole number above 0, got 2.5. Try epochs=10`],
    ['batchSize=-4', `batchSize=-4 (command line): expected a whole number above 0, got -4. Try batchSize=64`],
    ['data.size=0', `data.size=0 (command line): expected a whole number above 0, got 0. Try data.size=32`],
    ['data.size=', `data.size= (command line): expected a whole number above 0, got nothing. Try data.size=32`],
    ['epochs=', `epochs= (command line): expected a whole number above 0, got nothing. Try epochs=10`],
    ['clipNorm= ', 'got nothing. Try clipNorm=1'],
    ['runs=', 'got nothing. Try runs=runs'],
    ['optimizer.learningRate=.inf', 'expected a number above 0, got Infinity. Try optimizer.learningRate=0.001'],
    ['optimizer.eps=.nan', 'expected a number above 0, got NaN'],
    ['model.channels=[8,.inf,{a: -.inf}]', 'got [8,Infinity,{"a":-Infinity}]'],
    ['optimizer=adamw', "expected one of adam, adamW, sgd, rmsProp, lion, muon, got 'adamw'. Try optimizer=adamW"],
    ['optimizer=Adam', 'Try optimizer=adam'],
    ['optimizer=SDG', 'Try optimizer=sgd'],
    ['schedule=one_cycle', 'Try schedule=oneCycle'],
    ['backend=gpu', 'Try backend=cuda'],
    ['backend=GPU:1', 'Try backend=cuda:1'],
    ['optimizer.lr=0.1', 'Similar: optimizer.learningRate'],
    ['optimizer.decay=0.1', 'Similar: optimizer.weightDecay'],
    ['lr=0.1', 'Similar: optimizer.learningRate'],
    ['batch=8', 'Similar: batchSize'],
    ['device=cuda', 'Similar: backend'],
    ['weight_decay=1', 'Similar: optimizer.weightDecay'],
    [
      'data=photos',
      /^data=photos \(command line\): expected one of cifar10, folder, (\w+, )+or the path of a file, .\/my-data.ts, got 'photos'\. Try folder=photos/,
    ],
    ['average=0.9', `'average=0.9' is not a valid setting (command line).`],
    ['path=photos', 'Similar: folder=PATH'],
    ['workers=8', `'workers=8' is not a valid setting (command line). Images are read beside the training`],
    [`${'x'.repeat(1000)}=1`, `'${'x'.repeat(100)}… (1002 characters)' is not a valid setting`],
    [
      'model.channels=[32,-1]',
      'model.channels=[32,-1] (command line): expected a list of whole numbers above 0, got [32,-1]. Try model.channels=[32,64,128]',
    ],
    ['ema=0.9', `'ema=0.9' (command line): ema is a group. Set one of ema.decay.`],
    [
      'model=resnet',
      /^model=resnet \(command line\): expected one of ddnet, article, (\w+, )+or the path of a file, .\/my-model.ts, got 'resnet'\. Try model=resnet18/,
    ],
    ['model=seed', 'Try model=article'],
    ['optimizer.name=sgd', `'optimizer.name=sgd' is not a valid setting (command line). Similar: optimizer`],
    ['name=../up', 'expected letters, digits, dots, dashes and underscores'],
    ['epochs', `'epochs' is not a setting (command line): expected key=value, as in epochs=10.`],
    ['data.crop=-1', 'data.crop=-1 (command line): expected a whole number of at least 0, got -1. Try data.crop=4'],
    ['task.labelSmoothing=1', 'expected a number from 0 to below 1, got 1. Try task.labelSmoothing=0.1'],
    ['clipNorm=0', 'clipNorm=0 (command line): expected a number above 0, or null, got 0. Try clipNorm=1'],
    ['accumulate=0', 'expected a whole number above 0, got 0. Try accumulate=1'],
    ['maxSeconds=-1', 'expected a number above 0, or null, got -1. Try maxSeconds=3600'],
    ['earlyStopping.patience=0', 'expected a whole number above 0, or null, got 0. Try earlyStopping.patience=5'],
    ['ema.decay=1', 'expected a number from 0 to below 1, got 1. Try ema.decay=0.999'],
    ['seed=-1', 'expected a whole number from 0 to 4294967295, got -1'],
    ['backend=cuda:x', 'expected one of auto, cuda, cuda:N, tensorflow, cpu, webgpu, wasm'],
  ])('%s is refused with its problem, place and remedy', (word, message) => {
    expect(() => fromWords(word)).toThrow(message)
  })

  test('no empty word sets anything', () => {
    for (const path of settings.byPath.keys()) expect(() => fromWords(`${path}=`), path).toThrow('got nothing')
  })

  test('the last word of a key counts', () => {
    expect(resolve('epochs=3', 'seed=1', 'epochs=4').config.epochs).toBe(4)
  })

  test('a path in the folder of the user is written out', () => {
    const { data, runs } = resolve('data=folder', 'data.directory=~/photos', 'runs=~/runs').config
    expect([data.options['directory'], runs]).toEqual([join(homedir(), 'photos'), join(homedir(), 'runs')])
  })

  test('a GPU is named by its number', () => {
    expect(fromWords('backend=cuda:1')[0]?.value).toBe('cuda:1')
  })
})

describe('the environment', () => {
  test('a variable is the path in capitals', () => {
    const entries = readEnvironment(
      { DDNET_OPTIMIZER_LEARNING_RATE: '0.5', DDNET_BATCH_SIZE: '8', HOME: '/' },
      settings,
    )
    expect(entries.map(({ path, value, place }) => [path, value, place])).toEqual([
      ['optimizer.learningRate', 0.5, 'DDNET_OPTIMIZER_LEARNING_RATE'],
      ['batchSize', 8, 'DDNET_BATCH_SIZE'],
    ])
  })

  test('no two settings share a variable', () => {
    expect(settings.byVariable.size).toBe(settings.byPath.size)
  })

  test('a misspelt variable is refused, one of another part of DDNet is not', () => {
    expect(() => readEnvironment({ DDNET_EPOCH: '3' }, settings)).toThrow(
      'DDNET_EPOCH (environment) is not a setting. Similar: DDNET_EPOCHS',
    )
    expect(() => readEnvironment({ DDNET_LR: '3' }, settings)).toThrow('Similar: DDNET_OPTIMIZER_LEARNING_RATE')
    expect(
      readEnvironment({ DDNET_CACHE: '/tmp/x', DDNET_TENSORFLOW_ADDON: '/tmp/y', DDNET_PYTHON: 'python3' }, settings),
    ).toEqual([])
  })

  test('a wrong value names the variable', () => {
    expect(() => readEnvironment({ DDNET_EPOCHS: 'x' }, settings)).toThrow(
      `DDNET_EPOCHS=x (DDNET_EPOCHS): expected a whole number above 0, got 'x'. Try epochs=10`,
    )
  })
})

describe('files', () => {
  test('nested and dotted keys say the same', async () => {
    const nested = await readConfigFile(await file('optimizer:\n  learningRate: 0.1\nepochs: 2\n'))
    const dotted = await readConfigFile(await file('optimizer.learningRate: 0.1\nepochs: 2\n'))
    expect(nested.map(({ path, value }) => [path, value])).toEqual([
      ['optimizer.learningRate', 0.1],
      ['epochs', 2],
    ])
    expect(dotted).toEqual(nested)
  })

  test('an empty file sets nothing', async () => {
    expect(await readConfigFile(await file('# nothing\n'))).toEqual([])
  })

  test.each([
    ['epoch: 3', 'Similar: epochs'],
    ['seed: 1\nepochs:\n', ':2: epochs has no value. Give it one, or leave it out.'],
    ['optimizer:\n  # learningRate: 1\n', ':1: optimizer has no value'],
    ['optimizer: { learningRate: .inf }', 'got Infinity'],
    ['ema: 0.9', 'ema ('],
    ['epochs: "3"', `expected a whole number above 0, got '3'`],
    ['- 1\n- 2', 'expected settings as key: value, got [1,2]'],
    ['epochs: [1', ':1 is not YAML'],
    ['epochs: 1\nepochs: 2', ':2 is not YAML: Map keys must be unique'],
    ['a: &a {b: 1}\noptimizer: *a', 'is not YAML: aliases (*name) are not understood here'],
    ['batchSize: &size [*size]', 'is not YAML: aliases (*name) are not understood here'],
    ['batchSize: *none', 'is not YAML: aliases (*name) are not understood here'],
    ['['.repeat(100_000), 'is not YAML: '],
    ['__proto__: { epochs: 1 }', '\'__proto__: {"epochs":1}\' is not a valid setting'],
    ['constructor.prototype: 1', 'is not a valid setting'],
  ])('%s is refused', async (text, message) => {
    await expect(readConfigFile(await file(text))).rejects.toThrow(message)
  })

  test('a missing file is named', async () => {
    await expect(readConfigFile(join(folder, 'none.yaml'))).rejects.toThrow('there is no such file')
  })
})

describe('precedence', () => {
  const layers = async () => [
    fromWords('batchSize=1'),
    readEnvironment({ DDNET_BATCH_SIZE: '2', DDNET_SEED: '2' }, settings),
    await readConfigFile(await file('batchSize: 3\nseed: 3\ndata.size: 64\n')),
  ]

  test('command line over environment over file over preset over default', async () => {
    const { config, places } = resolveConfig(await layers(), 'short', settings)
    expect(config).toMatchObject({ batchSize: 1, seed: 2, data: { options: { size: 64 } }, epochs: 3, runs: 'runs' })
    expect(['batchSize', 'seed', 'data.size', 'epochs', 'runs', 'preset'].map((path) => places.get(path))).toEqual([
      'command line',
      'DDNET_SEED',
      join(folder, 'settings.yaml'),
      'preset short',
      'default',
      'automatic',
    ])
  })

  test('steps on the command line beat epochs in a file', async () => {
    const weak = await readConfigFile(await file('epochs: 10\n'))
    expect(resolveConfig([fromWords('steps=7'), weak], 'short', settings).config).toMatchObject({
      steps: 7,
      epochs: null,
    })
  })

  test('both in one place are refused', () => {
    expect(() => resolve('steps=7', 'epochs=1')).toThrow('epochs=1 and steps=7 (command line) exclude each other')
  })
})

describe('presets', () => {
  test('every value of every preset is valid', () => {
    for (const preset of Object.values(presets))
      for (const [path, value] of Object.entries<unknown>(preset))
        expect(settings.byPath.get(path)?.schema.safeParse(value).success, path).toBe(true)
  })

  test('quick is 300 steps, measured every 50 on 1,000 images', () => {
    expect(resolve('preset=quick').config).toMatchObject({
      preset: 'quick',
      steps: 300,
      epochs: null,
      schedule: { name: 'oneCycle' },
      optimizer: { name: 'adam', options: { learningRate: 4e-3 } },
      validation: { every: 50, images: 1000 },
    })
  })

  test('quick and short are lengths: data with a recipe of their own keep it', () => {
    const { config, places } = resolve('preset=quick', 'data=mnist')
    const recipe = resolve('data=mnist').config
    expect(config).toMatchObject({ preset: 'quick', steps: 300, epochs: null, validation: { every: 50, images: 1000 } })
    for (const part of ['data', 'model', 'optimizer', 'task', 'batchSize'] as const)
      expect(config[part]).toEqual(recipe[part])
    expect(['steps', 'model.channels'].map((path) => places.get(path))).toEqual(['preset quick', 'preset mnist'])
    expect(resolve('preset=short', 'data=folder', 'data.directory=photos').config).toMatchObject({
      ...{ epochs: 3, steps: null, batchSize: 32 },
      data: { options: { size: 64 } },
    })
    expect(resolve('preset=quick', 'data=masks', 'data.directory=cells').config).toMatchObject({
      ...{ steps: 300, epochs: null },
      task: { name: 'segmentation' },
      model: { name: 'unet' },
    })
    expect(resolve('preset=quick', 'data=mnist', 'epochs=2').config).toMatchObject({ epochs: 2, steps: null })
  })

  test('short is three epochs of the full recipe without crops', () => {
    const { steps: _, preset, ...short } = resolve().config
    expect(preset).toBe('short')
    expect(resolve('preset=ddnet', 'epochs=3', 'data.crop=0').config).toMatchObject(short)
    expect(resolve('preset=ddnet').config.data.options['crop']).toBe(2)
  })

  test('steps turn the automatic short into a quick look', () => {
    expect(resolve('steps=40').config).toMatchObject({
      preset: 'quick',
      steps: 40,
      epochs: null,
      validation: { every: 50, images: 1000 },
    })
    expect(resolve('preset=short', 'steps=40').config).toMatchObject({ preset: 'short', steps: 40, epochs: null })
  })

  test('epochs turn the automatic short into the full recipe', () => {
    expect(resolve('epochs=10').config).toMatchObject({
      preset: 'ddnet',
      epochs: 10,
      steps: null,
      batchSize: 64,
      validation: { every: 'epoch', images: 10_000 },
    })
  })

  test('a preset that was asked for stays', () => {
    expect(resolve('preset=quick', 'epochs=2').config).toMatchObject({ preset: 'quick', epochs: 2, steps: null })
  })

  test('seed is the article: 224 pixels, batch 128, constant 1e-3, ±1', () => {
    expect(resolve('preset=article').config).toMatchObject({
      model: { name: 'article' },
      batchSize: 128,
      epochs: 10,
      optimizer: { options: { learningRate: 1e-3 } },
      schedule: { name: 'constant' },
      data: { options: { size: 224, mean: 0.5, std: 0.5, flip: false } },
    })
  })
})

describe('groups with variants', () => {
  test('another optimizer has its own settings and defaults', () => {
    expect(resolve('optimizer=sgd', 'optimizer.momentum=0.9').config.optimizer).toMatchObject({
      name: 'sgd',
      options: {
        learningRate: 0.1, // and not the 4e-3 of the preset's Adam
        momentum: 0.9,
        nesterov: false,
        weightDecay: 0,
      },
    })
    expect(resolve('optimizer=adamW').config.optimizer.options['weightDecay']).toBe(0.01)
  })

  test.each([
    ['optimizer=sgd', 'preset short has optimizer.learningRate for adam: sgd takes its own defaults.'],
    ['optimizer=adamW', 'preset short has optimizer.learningRate for adam: adamW takes its own defaults.'],
    ['optimizer=adam', undefined],
    ['schedule=cosine', undefined],
    ['model=article', undefined],
  ])('%s: what the preset has for another one is told', (word, text) => {
    expect(resolve(word).dropped.map(droppedText)).toEqual(text === undefined ? [] : [text])
  })

  test('a run of one optimizer is the base of one of another, in every group and both ways', async () => {
    for (const [from, to] of [
      [['optimizer=adam', 'optimizer.learningRate=0.02', 'optimizer.beta1=0.5'], 'optimizer=sgd'],
      [['optimizer=sgd', 'optimizer.momentum=0.5'], 'optimizer=adam'],
      [['optimizer=adamW', 'optimizer.weightDecay=0.3'], 'optimizer=adam'],
      [['schedule=oneCycle', 'schedule.pctStart=0.5'], 'schedule=stepDecay'],
      [['schedule=cosine', 'schedule.minimum=0.1'], 'schedule=oneCycle'],
      [['model=ddnet', 'model.channels=[8]'], 'model=article'],
      [['data=folder', 'data.directory=photos', 'data.onError=skip', 'data.crop=3'], 'data=cifar10'],
    ] as const) {
      const base = resolve('preset=ddnet', ...from).config
      const group = to.slice(0, to.indexOf('=')) as 'optimizer'
      const { config, dropped } = resolveConfig(
        [fromWords(to), await readConfigFile(await file(toYaml(flatSettings(base))))],
        'short',
        settings,
      )
      // As if the other one had never been chosen.
      expect(config[group]).toEqual(resolveConfig([fromWords('preset=ddnet', to)], 'short', settings).config[group])
      expect({ ...config, [group]: undefined }).toEqual({ ...base, [group]: undefined })
      expect(dropped.map(droppedText)).toEqual([
        expect.stringMatching(/settings\.yaml has .* takes its own defaults\.$/),
      ])
    }
  })

  test('what somebody sets beside the name stays, and so does what names no variant', async () => {
    const path = await file('optimizer.learningRate: 0.3\noptimizer.beta1: 0.5\n')
    const { config, dropped } = resolveConfig(
      [fromWords('optimizer=sgd'), await readConfigFile(path)],
      'short',
      settings,
    )
    expect(config.optimizer).toMatchObject({ name: 'sgd', options: { learningRate: 0.3 } })
    expect(dropped.map(({ keys }) => keys)).toEqual([['beta1']])
  })

  test('a setting of another variant is refused', () => {
    expect(() => resolve('optimizer.momentum=0.9')).toThrow(
      'optimizer.momentum=0.9 (command line): optimizer adam has no such setting, only sgd, rmsProp and muon. Leave it out, or set optimizer=sgd',
    )
    expect(() => resolve('model=article', 'model.channels=[8]')).toThrow(
      /model article has no such setting, only ddnet, convnet, .* and \w+\. Leave it out, or set model=ddnet/,
    )
  })
})

describe('settings that depend on each other', () => {
  test('the size divides by what the stages halve', () => {
    expect(() => resolve('data.size=36')).toThrow('data.size=36 (command line): expected a multiple of 8')
    expect(resolve('data.size=36', 'model.channels=[8,16]').config.data.options['size']).toBe(36)
  })

  test('an edge is reflected less than an image wide', () => {
    expect(() => resolve('data.crop=32')).toThrow(
      'data.crop=32 (command line): expected less than data.size=32, for an edge that is reflected. Try data.crop=4',
    )
    expect(resolve('data.crop=31').config.data.options['crop']).toBe(31)
  })

  test('earlyStopping.minDelta needs patience', () => {
    expect(() => resolve('earlyStopping.minDelta=0.1')).toThrow(
      'earlyStopping.minDelta=0.1 (command line) does nothing without earlyStopping.patience. Try earlyStopping.patience=5',
    )
    expect(resolve('earlyStopping.minDelta=0.1', 'earlyStopping.patience=2').config.earlyStopping.patience).toBe(2)
  })

  test('monitor is what the task measures', () => {
    expect(() => resolve('monitor=acuracy')).toThrow(
      'monitor=acuracy (command line): expected one of loss, accuracy, which are what classification measures. Try monitor=accuracy',
    )
    expect(resolve('monitor=loss').config.monitor).toBe('loss')
  })
})

describe('YAML', () => {
  test('what is written reads back as the same configuration', async () => {
    const { config } = resolve('optimizer=sgd', 'name=x', 'data.mean=[0.1,0.2,0.3]', 'epochs=3')
    const entries = await readConfigFile(await file(toYaml(flatSettings(config))))
    expect(resolveConfig([entries], 'quick', settings).config).toEqual(config)
  })

  test('remarks are comments in one column', () => {
    const text = toYaml(flatSettings(resolve().config), (path) =>
      path === 'seed' || path === 'runs' ? path : undefined,
    )
    expect(parse(text)).toMatchObject({ seed: 42 })
    const columns = text.split('\n').flatMap((line) => (line.includes('#') ? [line.indexOf('#')] : []))
    expect(columns).toHaveLength(2)
    expect(new Set(columns).size).toBe(1)
  })
})
