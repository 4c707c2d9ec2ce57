import { random, type Tensor } from '@ddnet/ops'
import { defined, entryOf, floatsOf, itemAt, jsonFixture, useBackend } from '@ddnet/testing'
import { beforeAll, describe, expect, test } from 'vitest'
import { BatchNorm } from './batch-norm.ts'
import { ConvTranspose1d } from './conv-transpose1d.ts'
import { ConvTranspose2d } from './conv-transpose2d.ts'
import { Conv1d } from './conv1d.ts'
import { Conv2d } from './conv2d.ts'
import { DepthwiseConv2d } from './depthwise-conv2d.ts'
import { Embedding } from './embedding.ts'
import { init } from './init.ts'
import * as initializers from './initializers.ts'
import { Linear } from './linear.ts'
import type { Module } from './module.ts'
import { MultiheadAttention } from './multihead-attention.ts'
import { type Initializer, Parameter } from './parameter.ts'
import { Sequential } from './sequential.ts'
import { fansOf, type WeightLayout } from './weight-layout.ts'

beforeAll(() => useBackend('cpu'))
const key = random.key(42)

const valuesOf = async (x: Tensor): Promise<number[]> => Array.from(await floatsOf(x))

/** What an initializer gives a weight. */
const drawn = (initializer: Initializer, shape: number[], layout?: WeightLayout): Promise<number[]> =>
  valuesOf(initializer(key, shape, layout))

const mean = (values: readonly number[]): number => values.reduce((sum, each) => sum + each, 0) / values.length
const variance = (values: readonly number[]): number => mean(values.map((each) => each ** 2)) - mean(values) ** 2

/**
 * Fails unless the values could come from a distribution: Kolmogorov and Smirnov's largest distance, which is below 1.95 / √n
 * in 999 of 1000 samples. The key is fixed, so that it never fails by chance.
 */
function expectDistribution(values: readonly number[], cumulative: (value: number) => number): void {
  const sorted = values.toSorted((a, b) => a - b)
  const distance = Math.max(
    ...sorted.map((value, at) =>
      Math.max(cumulative(value) - at / sorted.length, (at + 1) / sorted.length - cumulative(value)),
    ),
  )
  expect(distance).toBeLessThan(1.95 / Math.sqrt(values.length))
}

const uniformOf = (low: number, high: number) => (value: number) =>
  Math.min(1, Math.max(0, (value - low) / (high - low)))

/** Φ by its series, to 1e-15 for the few standard deviations that are drawn. */
function normalBelow(value: number): number {
  if (Math.abs(value) > 8) return value > 0 ? 1 : 0
  let [term, total] = [value, value]
  for (let at = 1; at < 200; at++) {
    term *= (value * value) / (2 * at + 1)
    total += term
  }
  return 0.5 + (total * Math.exp((-value * value) / 2)) / Math.sqrt(2 * Math.PI)
}
const normalOf =
  (std: number, center = 0) =>
  (value: number) =>
    normalBelow((value - center) / std)

describe('fans', () => {
  test.each([
    // torch.nn.init._calculate_fan_in_and_fan_out of these layers' weights, which fixtures/make_layers.py writes
    ...Object.entries({
      Linear: new Linear(4, 6),
      Conv1d: new Conv1d(4, 6, { kernelSize: 3, groups: 2 }),
      Conv2d: new Conv2d(4, 6, { kernelSize: [3, 5], groups: 2 }),
      DepthwiseConv2d: new DepthwiseConv2d(4, { kernelSize: [3, 5], multiplier: 3 }),
      ConvTranspose1d: new ConvTranspose1d(4, 6, { kernelSize: 3, groups: 2 }),
      ConvTranspose2d: new ConvTranspose2d(4, 6, { kernelSize: [3, 5], groups: 2 }),
      Embedding: new Embedding(4, 6),
    }),
  ])('of %s are PyTorch’s', (name, { weight: { shape, layout } }) => {
    const { fans } = jsonFixture('layers/initializers.json') as { fans: Record<string, [number, number]> }
    const { fanIn, fanOut } = fansOf(shape, layout)
    expect([fanIn, fanOut]).toEqual(fans[name])
  })

  test('are not guessed', () => {
    const message = 'expected a weight whose axes are known, got [3,4] without a layout'
    for (const initializer of [
      initializers.kaimingNormal(),
      initializers.kaimingUniform(),
      initializers.xavierNormal(),
      initializers.xavierUniform(),
      initializers.orthogonal(),
      initializers.icnr({ factor: 1 }),
    ]) {
      expect(() => initializer(key, [3, 4])).toThrow(message)
    }
    expect(() => new Parameter([3, 4, 2], { layout: 'linear' })).toThrow(
      'expected the shape of a linear weight as [out, in], got [3,4,2].',
    )
    expect(() => new Parameter([3, 4], { layout: 'filter' })).toThrow('as […kernel, in, out], got [3,4].')
  })

  test('say which parameter has none', () => {
    const model = new Sequential(new Conv2d(3, 4, { kernelSize: 3 }), new BatchNorm(4))
    expect(() => init(model, key, { '*.weight': initializers.kaimingNormal() })).toThrow(
      "init: the initializer of '1.weight' does not fit: expected a weight whose axes are known, got [4] without a layout",
    )
  })
})

describe('Kaiming and Xavier', () => {
  type Scale = Record<string, number>
  const { scales, gains } = jsonFixture('layers/initializers.json') as { scales: Scale; gains: Scale }
  const shape = [3, 5, 40, 60] // fans 15 · 40 and 15 · 60
  const kaiming: [string, initializers.KaimingOptions][] = [
    ['default', {}],
    ['fan_out relu', { mode: 'fanOut', nonlinearity: 'relu' }],
    ['fan_in tanh', { nonlinearity: 'tanh' }],
    ['fan_out leaky_relu 0.2', { mode: 'fanOut', nonlinearity: 'leakyRelu', negativeSlope: 0.2 }],
    ['fan_in a √5', { negativeSlope: Math.sqrt(5) }],
  ]

  test.each(kaiming)('Kaiming’s bound and standard deviation are PyTorch’s: %s', async (name, options) => {
    const [bound, std] = [entryOf(scales, `kaiming_uniform ${name}`), entryOf(scales, `kaiming_normal ${name}`)]
    expectDistribution(await drawn(initializers.kaimingUniform(options), shape, 'filter'), uniformOf(-bound, bound))
    expectDistribution(await drawn(initializers.kaimingNormal(options), shape, 'filter'), normalOf(std))
  })

  test.each([1, 5 / 3])('so are Xavier’s, with gain %d', async (gain) => {
    const name = gain === 1 ? '1' : 'tanh'
    const [bound, std] = [scales[`xavier_uniform ${name}`] as number, scales[`xavier_normal ${name}`] as number]
    expectDistribution(await drawn(initializers.xavierUniform({ gain }), shape, 'filter'), uniformOf(-bound, bound))
    expectDistribution(await drawn(initializers.xavierNormal({ gain }), shape, 'filter'), normalOf(std))
  })

  test('gains are PyTorch’s', () => {
    for (const [name, gain] of Object.entries(gains)) {
      expect(initializers.gainOf(name as initializers.Nonlinearity)).toBeCloseTo(gain, 12)
    }
    expect(Object.keys(gains)).toHaveLength(6)
    // @ts-expect-error PyTorch has no gain for it
    expect(() => initializers.gainOf('gelu')).toThrow(
      "expected a nonlinearity of linear, sigmoid, tanh, relu, leakyRelu and selu, got 'gelu'.",
    )
    // @ts-expect-error PyTorch's spelling
    expect(() => initializers.kaimingNormal({ mode: 'fan_in' })(key, [2, 2], 'linear')).toThrow(
      "expected mode 'fanIn' or 'fanOut', got 'fan_in'.",
    )
  })
})

describe('truncatedNormal', () => {
  test.each([
    { std: 1, a: -2, b: 2 },
    { std: 0.02 }, // ±2 are numbers, as in PyTorch, and cut nothing here
    { mean: 1, std: 2, a: -1, b: 1.5 },
    { mean: 0, std: 1, a: 0.5, b: 0.6 },
    { mean: 0, std: 1, a: 1.5 },
    { mean: 3, std: 1, a: -2, b: 2 },
  ])('is the normal distribution between its bounds: %o', async (options) => {
    const { mean: center = 0, std = 1, a = -2, b = 2 } = options
    const values = await drawn(initializers.truncatedNormal(options), [20_000])
    const below = normalOf(std, center)
    expectDistribution(values, (value) => (below(value) - below(a)) / (below(b) - below(a)))
    expect(Math.min(...values)).toBeGreaterThanOrEqual(Math.fround(a))
    expect(Math.max(...values)).toBeLessThanOrEqual(Math.fround(b))
  })

  test('refuses what it cannot draw', () => {
    expect(() => initializers.truncatedNormal({ a: 1, b: 1 })).toThrow('std above 0 and a < b, got mean 0, std 1, a 1')
    expect(() => initializers.truncatedNormal({ std: 0 })).toThrow('std 0')
    expect(() => initializers.truncatedNormal({ mean: 10 })).toThrow('at most two standard deviations outside')
  })
})

describe('orthogonal', () => {
  /** The largest difference of `M Mᵀ` from gain², on the diagonal, and 0 beside it; rows are in PyTorch's layout. */
  async function offOrthogonal(module: Module & { weight: Parameter }, gain: number): Promise<number> {
    const { shape, data } = await module.weight.toTorch()
    const values = data as Float32Array
    const rows = itemAt(shape, 0)
    const columns = values.length / rows
    const at = (row: number, column: number): number => itemAt(values, row * columns + column)
    const [count, size] = rows <= columns ? [rows, columns] : [columns, rows]
    const of = (vector: number, index: number): number => (rows <= columns ? at(vector, index) : at(index, vector))
    let worst = 0
    for (let one = 0; one < count; one++) {
      for (let other = 0; other < count; other++) {
        let dot = 0
        for (let index = 0; index < size; index++) dot += of(one, index) * of(other, index)
        worst = Math.max(worst, Math.abs(dot - (one === other ? gain ** 2 : 0)))
      }
    }
    return worst
  }
  const weightInit = initializers.orthogonal({ gain: 1.5 })

  test.each(
    Object.entries({
      'a square matrix': new Linear(30, 30, { weightInit }),
      'a wide one': new Linear(50, 20, { weightInit }),
      'a high one': new Linear(20, 50, { weightInit }),
      'a convolution': new Conv2d(4, 24, { kernelSize: 3, weightInit }),
      'a convolution with more outputs': new Conv1d(4, 24, { kernelSize: 3, weightInit }),
      'a transposed convolution': new ConvTranspose2d(24, 4, { kernelSize: 3, weightInit }),
    }),
  )('has orthonormal rows or columns, times the gain: %s', async (_, module) => {
    expect(await offOrthogonal(init(module, key), 1.5)).toBeLessThan(1e-6)
  })

  test('prefers no direction', async () => {
    // Of a uniform rotation in three dimensions every entry is uniform in [−1, 1] (Archimedes).
    const entries: number[][] = Array.from({ length: 9 }, () => [])
    for (let at = 0; at < 1500; at++) {
      const values = await valuesOf(initializers.orthogonal()(key.fold(at), [3, 3], 'linear'))
      for (const [index, value] of values.entries()) entries[index]?.push(value)
    }
    for (const values of entries) expectDistribution(values, uniformOf(-1, 1))
  })
})

describe('icnr', () => {
  test('gives the pixels of a channel one filter, in PixelShuffle’s order', async () => {
    const weightInit = initializers.icnr({ factor: 2, init: initializers.kaimingNormal({ mode: 'fanOut' }) })
    const { shape, data } = await init(new Conv2d(3, 20, { kernelSize: 3, weightInit }), key).weight.toTorch()
    const size = data.length / itemAt(shape, 0)
    const filter = (output: number): string => data.subarray(output * size, (output + 1) * size).join()
    const filters = Array.from({ length: 20 }, (_, output) => filter(output))
    expect(filters.map((each) => filters.indexOf(each))).toEqual(
      Array.from({ length: 20 }, (_, output) => output - (output % 4)),
    )
  })

  test('draws for the channels, not for their pixels', async () => {
    const inner = initializers.kaimingNormal({ mode: 'fanOut' })
    const values = await drawn(initializers.icnr({ factor: 4, init: inner }), [3, 3, 64, 320], 'filter')
    expect(variance(values) / (2 / (20 * 9))).toBeCloseTo(1, 1)
  })

  test('refuses outputs that are no pixels', () => {
    expect(() => initializers.icnr({ factor: 2 })(key, [3, 3, 2, 6], 'filter')).toThrow(
      'icnr: expected outputs that factor² = 4 divides, got 6 (shape [3,3,2,6]).',
    )
    expect(() => initializers.icnr({ factor: 0 })).toThrow('icnr: expected factor as an integer of at least 1, got 0.')
  })
})

describe('layers', () => {
  test('begin as PyTorch’s', async () => {
    const { defaults } = jsonFixture('layers/initializers.json') as { defaults: Record<string, number> }
    const modules: Record<string, Module> = {
      Linear: new Linear(50, 80),
      Conv1d: new Conv1d(40, 60, { kernelSize: 3, groups: 2 }),
      Conv2d: new Conv2d(40, 60, { kernelSize: 3, groups: 2 }),
      ConvTranspose1d: new ConvTranspose1d(40, 60, { kernelSize: 3, groups: 2 }),
      ConvTranspose2d: new ConvTranspose2d(40, 60, { kernelSize: 3, groups: 2 }),
      MultiheadAttention: new MultiheadAttention(50, 5),
    }
    let compared = 0
    for (const [name, module] of Object.entries(modules)) {
      for (const [parameter, leaf] of init(module, key).parameters()) {
        const bound = entryOf(defaults, `${name}.${parameter}`)
        const values = await valuesOf(leaf.value)
        if (bound === 0) expect(values.every((value) => value === 0)).toBe(true)
        else expectDistribution(values, uniformOf(-bound, bound))
        compared++
      }
    }
    expect(compared).toBe(Object.keys(defaults).length)
  })

  test('take others', async () => {
    const weightInit = initializers.constant(2)
    const biasInit = initializers.constant(-1)
    for (const layer of [
      new Linear(2, 2, { weightInit, biasInit }),
      new Conv1d(2, 2, { kernelSize: 1, weightInit, biasInit }),
      new Conv2d(2, 2, { kernelSize: 1, weightInit, biasInit }),
      new ConvTranspose1d(2, 2, { kernelSize: 1, weightInit, biasInit }),
      new ConvTranspose2d(2, 2, { kernelSize: 1, weightInit, biasInit }),
    ]) {
      init(layer, key)
      expect(await valuesOf(layer.weight.value)).toEqual([2, 2, 2, 2])
      expect(await valuesOf(defined(layer.bias?.value))).toEqual([-1, -1])
    }
    expect(mean(await valuesOf(init(new Embedding(3, 2, { weightInit }), key).weight.value))).toBe(2)
  })

  test('of padding an embedding begins with zeros', async () => {
    for (const paddingIndex of [0, 2, -1]) {
      const { value } = init(new Embedding(3, 2, { paddingIndex }), key).weight
      const rows = await valuesOf(value)
      const row = (paddingIndex + 3) % 3
      expect(rows.map((each, at) => (each === 0) === (Math.floor(at / 2) === row))).toEqual(rows.map(() => true))
    }
    expect(() => new Embedding(3, 2, { paddingIndex: 3 })).toThrow('Embedding: expected paddingIndex in -3 … 2, got 3.')
  })
})

describe('rules of init', () => {
  const model = () => new Sequential(new Conv2d(2, 3, { kernelSize: 1 }), new BatchNorm(3), new Linear(3, 2))

  test('go by pattern, the last one that fits', async () => {
    const { constant, zeros } = initializers
    const net = init(model(), key, { '*.bias': zeros, '2': constant(7), '2.bias': constant(8) })
    const values = async (name: string) => new Set(await valuesOf(net.parameters().get(name)?.value as Tensor))
    expect(await values('0.bias')).toEqual(new Set([0]))
    expect(await values('2.weight')).toEqual(new Set([7]))
    expect(await values('2.bias')).toEqual(new Set([8]))
    const plain = init(model(), key)
    expect(await values('0.weight')).toEqual(
      new Set(await valuesOf(plain.parameters().get('0.weight')?.value as Tensor)),
    )
  })

  test('or by a function, which knows the layer', async () => {
    const net = init(model(), key, (name, parameter, owner) =>
      owner instanceof Linear && parameter === owner.weight && name === '2.weight'
        ? initializers.constant(5)
        : undefined,
    )
    expect(new Set(await valuesOf((net[2] as Linear).weight.value))).toEqual(new Set([5]))
    expect(new Set(await valuesOf((net[2] as Linear).bias?.value as Tensor)).size).toBe(2)
  })

  test('leave alone what has a value, and buffers', async () => {
    const net = init(model(), key)
    const before = await net.stateDict()
    init(net, key, { '*': initializers.constant(3) })
    expect(await net.stateDict()).toEqual(before)
  })

  test('name what they do not find', () => {
    expect(() => init(model(), key, { 'head.*': initializers.zeros })).toThrow(
      "init: 'head.*' names no parameter of this Sequential. It has 0.weight, 0.bias, 1.weight, 1.bias, 2.weight, and 1 more.",
    )
    expect(() => init({ a: new Linear(1, 1), b: new Linear(1, 1) }, key, { c: initializers.zeros })).toThrow(
      "init: 'c' names no parameter of these models. They have a.weight, a.bias, b.weight, b.bias.",
    )
  })
})
