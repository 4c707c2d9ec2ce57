import { buildModel, builtIn, createModel, evaluationBatchSize, resolveConfig, settingCatalog } from '@ddnet/experiment'
import { useBackend } from '@ddnet/testing'
import { beforeAll, expect, test } from 'vitest'
import { refuseTooLarge, refuseTooManyImages, refuseTooManyWeights } from './memory.ts'

beforeAll(() => useBackend('cpu'))

const step = (batchSize: number, accumulate = 1, decay = 0) => ({ batchSize, accumulate, ema: { decay } })
const square = (size: number) => ({ height: size, width: size, channels: 3 })
const cpu = { name: 'tensorflow', accelerated: false }
const classNames = Array.from({ length: 10 }, (_, label) => String(label))
const configWith = (...entries: [path: string, value: unknown][]) =>
  resolveConfig(
    [entries.map(([path, value]) => ({ path, value, text: path, place: 'test' }))],
    'ddnet',
    settingCatalog(builtIn),
  ).config
const modelOf = (name: string) => createModel(configWith(['model', name]), { image: square(32), classNames })
const article = () => modelOf('article')
const ddnet = () => modelOf('ddnet')

test("the article's 224 pixels at batch 128 are refused with the estimate and what fits", () => {
  expect(() => refuseTooLarge(article(), step(128), square(224), cpu, 32e9)).toThrow(
    /^a step with batchSize=128 and data.size=224 needs about 86\.0 GB of memory, and this machine has 32\.0 GB\. Try batchSize=47 accumulate=3, or data.size=32$/,
  )
})

test('what it proposes fits, and one more does not', () => {
  const propose = () => refuseTooLarge(article(), step(128), square(224), cpu, 32e9)
  const message = String(catchError(propose))
  const batchSize = Number(/Try batchSize=(\d+)/.exec(message)?.[1])
  expect(() => refuseTooLarge(article(), step(batchSize), square(224), cpu, 32e9)).not.toThrow()
  expect(() => refuseTooLarge(article(), step(batchSize + 1), square(224), cpu, 32e9)).toThrow()
})

test('sums of gradients and averaged weights take a copy of the parameters each; only one batch is there at a time', () => {
  const model = ddnet()
  const parameters = [...model.parameters().values()].reduce(
    (sum, { shape }) => sum + shape.reduce((a, b) => a * b) * 4,
    0,
  )
  /** The least memory that a step is allowed in. */
  const needed = (config: ReturnType<typeof step>, image: ReturnType<typeof square>) => {
    let [low, high] = [0, 1e9]
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2)
      try {
        refuseTooLarge(model, config, image, cpu, middle)
        high = middle
      } catch {
        low = middle
      }
    }
    return high
  }
  const plain = needed(step(8), square(32))
  expect(needed(step(8, 4), square(32)) - plain).toBe(parameters)
  expect(needed(step(8, 40, 0.9), square(32)) - plain).toBe(2 * parameters)
})

test('WebAssembly has 4 GB at most', () => {
  expect(() => refuseTooLarge(article(), step(16), square(224), { name: 'wasm', accelerated: false })).toThrow(
    'WebAssembly can have 4.29 GB',
  )
})

test('a GPU decides for itself', () => {
  expect(() => refuseTooLarge(article(), step(128), square(224), { name: 'webgpu', accelerated: true })).not.toThrow()
})

test('the reference recipe fits everywhere and is measured 500 images at a time', () => {
  expect(() => refuseTooLarge(ddnet(), step(64), square(32), { name: 'wasm', accelerated: false })).not.toThrow()
  expect(evaluationBatchSize(ddnet(), step(64), square(32))).toBe(500)
})

test('large images are measured few at a time', () => {
  expect(evaluationBatchSize(article(), step(1), square(224))).toBeLessThanOrEqual(2)
})

function catchError(action: () => void): unknown {
  try {
    action()
  } catch (error) {
    return error
  }
  throw new Error('expected an error')
}

test('weights that cannot fit are refused before they are drawn', () => {
  const model = (channels: number[]) =>
    buildModel(configWith(['model', 'convnet'], ['model.channels', channels]), { image: square(32), classNames })
  // 3×3 filters of 3 · 10⁵ and 10⁵ · 10⁵, and the head's 10⁶, four times four bytes of each
  expect(() => refuseTooManyWeights(model([100_000, 100_000]), cpu, 32e9)).toThrow(
    /^the model has 90,004,100,010 weights, which take 1\.44 TB of memory in training, and this machine has 32\.0 GB\. Try a smaller one/,
  )
  expect(() => refuseTooManyWeights(model([1, 1e9]), { name: 'wasm' })).toThrow('WebAssembly can have 4.29 GB')
  expect(() => refuseTooManyWeights(model([32, 64, 128]), cpu, 2e6)).not.toThrow()
  expect(() => refuseTooManyWeights(model([32, 64, 128]), cpu, 1e6)).toThrow()
})

test('so are images of noise', () => {
  expect(() => refuseTooManyImages(step(10_000, 1000), square(32), 16e9)).toThrow(
    /^a step with batchSize=10000, accumulate=1000 and data.size=32 takes 30\.7 GB of images, and this machine has 16\.0 GB\./,
  )
  expect(() => refuseTooManyImages(step(10_000, 100), square(32), 16e9)).not.toThrow()
})
