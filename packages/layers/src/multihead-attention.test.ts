import { cast, concat, eye, mul, ones, random, type Tensor, tensor, tidy, toHost, zeros } from '@ddnet/ops'
import { describeBackends, expectClose, useBackend } from '@ddnet/testing'
import { beforeAll, describe, expect, test } from 'vitest'
import { init } from './init.ts'
import { constant } from './initializers.ts'
import { MultiheadAttention } from './multihead-attention.ts'
import { openPass } from './pass.ts'

const key = random.key(3)
const valuesOf = async (x: Tensor): Promise<number[]> => Array.from((await toHost(x)).data as Float32Array)

describeBackends('MultiheadAttention with dropout', () => {
  /** Queries and keys are 0, so that all weights are equal, and values and output are what goes in. */
  function averaging(dropout: number): MultiheadAttention {
    const layer = init(new MultiheadAttention(4, 2, { bias: false, dropout }), key)
    layer.in_proj_weight?.assign(tidy(() => concat([zeros([8, 4]), eye(4)], 0)))
    layer.out_proj.weight.assign(eye(4))
    return layer
  }

  test('drops weights in training, and scales the others', async () => {
    const layer = averaging(0.25)
    const tokens = ones([2, 5, 4])
    const run = (seed: number) =>
      openPass({ training: true, root: layer, key: random.key(seed) }, () => tidy(() => layer.forward(tokens)))
    const y = await valuesOf(run(1))
    // k of 5 weights of 1/5 are left, each over 0.75; of a head, which has two of the features, the same ones
    const left = y.map((value) => value * 5 * 0.75)
    for (const [at, count] of left.entries()) {
      expect(Math.abs(count - Math.round(count))).toBeLessThan(1e-5)
      expect(count).toBeCloseTo(left[at - (at % 2)] as number, 5)
    }
    expect(new Set(left.map(Math.round)).size).toBeGreaterThan(1)
    expect(await valuesOf(run(1))).toEqual(y)
    expect(await valuesOf(run(2))).not.toEqual(y)
    const many = await Promise.all(Array.from({ length: 60 }, (_, seed) => valuesOf(run(seed))))
    const mean = many.flat().reduce((sum, value) => sum + value, 0) / many.flat().length
    // 60 · 2 · 5 · 2 means of 5 weights, each of variance (1 / 0.75 − 1) / 5
    expect(Math.abs(mean - 1)).toBeLessThan(3 * Math.sqrt(1 / 3 / 5 / 1200))
  })

  test('not in inference, nor in the weights that it shows', async () => {
    const layer = averaging(0.5)
    const tokens = random.normal(key, [1, 3, 4])
    const weights = () => tidy(() => layer.weights(tokens))
    expectClose(await valuesOf(weights()), new Array(9).fill(1 / 3))
    const shown = openPass({ training: true, root: layer, key }, weights)
    expectClose(await valuesOf(shown), new Array(9).fill(1 / 3))
    expectClose(
      await valuesOf(tidy(() => layer.forward(tokens))),
      await valuesOf(tidy(() => averaging(0).forward(tokens))),
    )
  })

  test('a query without keys gives the bias of the output', async () => {
    const layer = init(new MultiheadAttention(4, 2), key, { 'out_proj.bias': constant(0.5) })
    const keyPaddingMask = cast(tensor([1, 1, 0, 0, 1, 1], [2, 3], 'int32'), 'bool')
    const tokens = random.normal(key, [2, 3, 4])
    const all = cast(ones([2, 3]), 'bool')
    expect(await valuesOf(tidy(() => layer.forward(tokens, tokens, tokens, { keyPaddingMask: all })))).toEqual(
      new Array(24).fill(0.5),
    )
    const y = await valuesOf(tidy(() => layer.forward(tokens, tokens, tokens, { keyPaddingMask })))
    // Of the second sample only its first token takes part, whatever the others are.
    const factors = tensor([1, 1, 1, 1, 2, 3], [2, 3, 1])
    const others = tidy(() => mul(tokens, factors))
    const again = await valuesOf(tidy(() => layer.forward(tokens, others, others, { keyPaddingMask })))
    expectClose(again, y, 1e-6)
  })
})

describe('MultiheadAttention', () => {
  beforeAll(() => useBackend('cpu'))

  test('says what does not fit', () => {
    expect(() => new MultiheadAttention(6, 4)).toThrow(
      'MultiheadAttention: expected heads to divide the 6 features, got 4.',
    )
    expect(() => new MultiheadAttention(6, 2, { dropout: 2 })).toThrow('expected dropout in [0, 1], got 2.')
    const layer = init(new MultiheadAttention(4, 2, { keyFeatures: 3, valueFeatures: 3 }), key)
    const [query, keys] = [ones([2, 5, 4]), ones([2, 6, 3])]
    expect(layer.forward(query, keys).shape).toEqual([2, 5, 4])
    expect(() => layer.forward(query)).toThrow('MultiheadAttention: expected key [batch, length, 3], got [2,5,4].')
    expect(() => layer.forward(ones([5, 4]), keys)).toThrow('expected query [batch, length, 4], got [5,4].')
    expect(() => layer.forward(query, keys, keys, { keyPaddingMask: ones([2, 6]) })).toThrow(
      'expected keyPaddingMask as bool [2, 6], true for padding, got float32 [2,6].',
    )
  })
})
