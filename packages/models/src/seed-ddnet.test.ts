import { init, summary } from '@ddnet/layers'
import { random } from '@ddnet/ops'
import { useBackend } from '@ddnet/testing'
import { beforeAll, describe, expect, test } from 'vitest'
import { SeedDDNet } from './seed-ddnet.ts'

describe("the article's network", () => {
  beforeAll(() => useBackend('wasm'))

  test('turns a 32 × 32 image into 249 × 249 × 3, as printed', () => {
    const rows = summary(init(new SeedDDNet(), random.key(0)), [1, 32, 32, 3]).rows
    expect(rows.find(({ name }) => name === 'encoder.2.conv')?.outputShape).toEqual([1, 32, 32, 128])
    expect(rows.find(({ name }) => name === 'decoder.2.deconv')?.outputShape).toEqual([1, 249, 249, 3])
    expect(rows.at(-1)?.outputShape).toEqual([1, 10])
  })

  test('has 186,411 parameters, as its PyTorch version', () => {
    expect(summary(init(new SeedDDNet(), random.key(1)), [1, 8, 8, 3]).parameters).toBe(186_411)
  })
})
