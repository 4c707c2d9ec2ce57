import { init, Module } from '@ddnet/layers'
import { embedding, memory, random, type Tensor, tensor } from '@ddnet/ops'
import { describeBackends, lastItem, useBackend } from '@ddnet/testing'
import { beforeAll, describe, expect, test } from 'vitest'
import { generate } from './generate.ts'
import { GPT } from './gpt.ts'

/** Gives the token two further on (of four) 0.8, and each other one a part of the rest; it sees three places. */
class Counting extends Module {
  readonly context = 3
  readonly lengths: number[] = []

  override forward(tokens: Tensor): Tensor {
    this.lengths.push(lastItem(tokens.shape))
    const table = [2, 3, 0, 1].flatMap((next) => [0, 1, 2, 3].map((token) => Math.log(token === next ? 0.8 : 0.2 / 3)))
    return embedding(tokens, tensor(table, [4, 4])) // [batch, length, 4]
  }
}

describeBackends('generate', () => {
  test('takes the likeliest token at temperature 0, of the last places alone', async () => {
    const model = new Counting()
    const tokens = tensor([0, 1], [2, 1], 'int32')
    const before = memory().numTensors
    const all = generate(model, tokens, { length: 5, temperature: 0, key: random.key(1) })
    expect(memory().numTensors).toBe(before + 1)
    expect([...(await all.data())]).toEqual([0, 2, 0, 2, 0, 2, 1, 3, 1, 3, 1, 3])
    expect([all.dtype, ...all.shape]).toEqual(['int32', 2, 6])
    expect(model.lengths).toEqual([1, 2, 3, 3, 3])
  })

  test('draws as often as the model says, by the key', async () => {
    const model = new Counting()
    const tokens = tensor(new Int32Array(2000), [2000, 1], 'int32')
    const draw = async (seed: number, topK?: number) => {
      const options = { length: 1, key: random.key(seed), ...(topK !== undefined && { topK }) }
      return [...(await generate(model, tokens, options).data())].filter((_, at) => at % 2 === 1)
    }
    const drawn = await draw(1)
    const share = drawn.filter((token) => token === 2).length / 2000
    expect(Math.abs(share - 0.8)).toBeLessThan(4 * Math.sqrt((0.8 * 0.2) / 2000))
    expect(new Set(drawn)).toEqual(new Set([0, 1, 2, 3]))
    expect(await draw(1)).toEqual(drawn)
    expect(await draw(2)).not.toEqual(drawn)
    expect(new Set(await draw(1, 1))).toEqual(new Set([2]))
  })
})

describe('GPT', () => {
  beforeAll(() => useBackend('cpu'))

  const make = () => init(new GPT({ vocabulary: 7, context: 5, width: 8, heads: 2, layers: 2 }), random.key(1))

  test('sees nothing of what comes later', async () => {
    const model = make()
    const logits = async (last: number) =>
      (await model.predict(tensor([1, 2, 3, last], [1, 4], 'int32')).data()).subarray(0, 3 * 7)
    expect(await logits(0)).toEqual(await logits(6))
  })

  test('begins as GPT-2 does: with small weights, smaller ones on the residual stream, and no bias', async () => {
    const model = init(new GPT({ vocabulary: 50, context: 16, width: 64, heads: 4, layers: 8 }), random.key(1))
    const deviation = async (name: string) => {
      const values = [...((await model.parameters().get(name)?.value.data()) ?? [])]
      return Math.sqrt(values.reduce((total, each) => total + each ** 2, 0) / values.length)
    }
    expect(await deviation('h.0.mlp.c_fc.weight')).toBeCloseTo(0.02, 3)
    expect(await deviation('wte.weight')).toBeCloseTo(0.02, 3)
    expect(await deviation('h.3.attn.c_proj.weight')).toBeCloseTo(0.02 / 4, 3)
    expect(await deviation('h.3.attn.c_attn.bias')).toBe(0)
  })

  test('names what does not fit', () => {
    const model = make()
    expect(() => new GPT({ width: 10, heads: 3 })).toThrow('GPT: expected heads to divide the width 10, got 3.')
    expect(() => model.predict(tensor(new Int32Array(6), [1, 6], 'int32'))).toThrow(
      'GPT: expected tokens [batch, length] of a length up to 5, got [1,6].',
    )
    const tokens = tensor([1], [1, 1], 'int32')
    const key = random.key(1)
    expect(() => generate(model, tensor([1], [1, 1]), { length: 1, key })).toThrow('generate: expected int32 tokens')
    expect(() => generate(model, tokens, { length: -1, key })).toThrow('generate: expected length as')
    expect(() => generate(model, tokens, { length: 1, key, temperature: -1 })).toThrow(
      'generate: expected a temperature',
    )
    expect(() => generate(model, tokens, { length: 1, key, topK: 0 })).toThrow('generate: expected topK as')
  })
})
