import { random, toHost, zeros } from '@ddnet/ops'
import { describeBackends } from '@ddnet/testing'
import { describe, expect, test } from 'vitest'
import { DeconvBlock } from './deconv-block.ts'
import { GroupNorm } from './group-norm.ts'
import { init } from './init.ts'
import { summary } from './summary.ts'

const ways = ['stride', 'shuffle', 'resize'] as const

describe('DeconvBlock', () => {
  test.each(
    ways.flatMap((upsampling) =>
      [1, 2, 3, 4].flatMap((factor) =>
        [1, 2, 3, 4, 5]
          .filter((kernelSize) => upsampling !== 'stride' || factor > 1 || kernelSize % 2 === 1)
          .map((kernelSize) => ({ upsampling, factor, kernelSize })),
      ),
    ),
  )('makes images exactly so much larger: %o', (config) => {
    const { rows } = summary(new DeconvBlock(2, 3, config), [1, 5, 4, 2])
    expect(rows.at(-1)?.outputShape).toEqual([1, 5 * config.factor, 4 * config.factor, 3])
  })

  test('has the norm that it is given, and a bias where there is none', () => {
    const names = (norm: ((channels: number) => GroupNorm) | null) =>
      ways.map((upsampling) => [...new DeconvBlock(2, 4, { upsampling, norm }).parameters().keys()])
    expect(names(null)).toEqual(ways.map(() => ['deconv.weight', 'deconv.bias']))
    expect(names((channels) => new GroupNorm(2, channels))).toEqual(
      ways.map(() => ['deconv.weight', 'norm.weight', 'norm.bias']),
    )
  })

  test('refuses what there is not', () => {
    // @ts-expect-error it is called 'stride'
    expect(() => new DeconvBlock(2, 3, { upsampling: 'strided' })).toThrow(
      "DeconvBlock: expected upsampling 'stride', 'shuffle' or 'resize', got 'strided'.",
    )
    expect(() => new DeconvBlock(2, 3, { factor: 1, kernelSize: 4 })).toThrow(
      'DeconvBlock: expected an odd kernelSize for the factor 1, got 4',
    )
    expect(() => new DeconvBlock(2, 3, { factor: 1.5 })).toThrow(
      'expected factor as an integer of at least 1, got 1.5.',
    )
  })
})

describeBackends('a sub-pixel DeconvBlock', () => {
  test('begins without a checkerboard: the pixels of one place are equal', async () => {
    const config = { upsampling: 'shuffle', factor: 2, norm: null, activation: null } as const
    const block = init(new DeconvBlock(3, 2, config), random.key(1))
    const { data, shape } = await toHost(block.forward(random.normal(random.key(2), [1, 3, 4, 3])))
    expect(shape).toEqual([1, 6, 8, 2])
    const at = (row: number, column: number, channel: number) => data[(row * 8 + column) * 2 + channel]
    for (let row = 0; row < 6; row++)
      for (let column = 0; column < 8; column++)
        for (const channel of [0, 1])
          expect(at(row, column, channel)).toBeCloseTo(at(row - (row % 2), column - (column % 2), channel) as number, 5)
    expect(new Set(data as Float32Array).size).toBeGreaterThan(20)
    expect(block.forward(zeros([1, 1, 1, 3])).shape).toEqual([1, 2, 2, 2])
  })
})
