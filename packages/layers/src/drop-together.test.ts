import { ones, random, type Tensor } from '@ddnet/ops'
import { defined, describeBackends, floatsOf, lastItem } from '@ddnet/testing'
import { expect, test } from 'vitest'
import { Dropout1d, Dropout2d } from './dropout.ts'
import type { ModuleOf } from './module.ts'
import { openPass } from './pass.ts'
import { StochasticDepth } from './stochastic-depth.ts'

/** What becomes of ones in a training pass, `[batch][position][channel]`. */
async function dropped(layer: ModuleOf, shape: [number, ...number[], number], seed = 1): Promise<number[][][]> {
  const y: Tensor = openPass({ training: true, root: layer, key: random.key(seed) }, () => layer.forward(ones(shape)))
  const values = Array.from(await floatsOf(y))
  const channels = lastItem(shape)
  const positions = values.length / shape[0] / channels
  return Array.from({ length: shape[0] }, (_, sample) =>
    Array.from({ length: positions }, (_, at) =>
      values.slice((sample * positions + at) * channels, (sample * positions + at + 1) * channels),
    ),
  )
}

const share = (values: readonly number[]): number => values.filter((value) => value === 0).length / values.length

describeBackends('what drops several values together', () => {
  test.each([
    ['Dropout1d', new Dropout1d(0.25), [50, 3, 40]],
    ['Dropout2d', new Dropout2d(0.25), [50, 2, 3, 40]],
  ] as const)('%s drops channels of a sample, and scales the others', async (_, layer, shape) => {
    const samples = await dropped(layer, [...shape])
    for (const [first, ...others] of samples) for (const other of others) expect(other).toEqual(first)
    const masks = samples.map(([first]) => defined(first))
    expect(new Set(masks.flat())).toEqual(new Set([0, Math.fround(1 / 0.75)]))
    // 2000 channels: three standard deviations
    expect(Math.abs(share(masks.flat()) - 0.25)).toBeLessThan(3 * Math.sqrt((0.25 * 0.75) / 2000))
    expect(new Set(masks.map((mask) => mask.join())).size).toBe(50)
    expect(await dropped(layer, [...shape], 2)).not.toEqual(samples)
    expect(await dropped(layer, [...shape])).toEqual(samples)
  })

  test('StochasticDepth drops samples, or all of them', async () => {
    const samples = (await dropped(new StochasticDepth(0.4), [1500, 2, 3])).map((each) => each.flat())
    for (const sample of samples) expect(new Set(sample).size).toBe(1)
    expect(new Set(samples.flat())).toEqual(new Set([0, Math.fround(1 / 0.6)]))
    expect(Math.abs(share(samples.map(([first]) => defined(first))) - 0.4)).toBeLessThan(
      3 * Math.sqrt((0.4 * 0.6) / 1500),
    )
    const whole = new StochasticDepth(0.5, 'batch')
    const batches = await Promise.all([1, 2, 3, 4, 5, 6, 7, 8].map((seed) => dropped(whole, [4, 2, 3], seed)))
    const values = batches.map((batch) => new Set(batch.flat(2)))
    for (const each of values) expect(each.size).toBe(1)
    expect(new Set(values.flatMap((each) => [...each]))).toEqual(new Set([0, 2]))
  })

  test('a rate of 1 leaves nothing, and no NaN; a rate of 0 what there was', async () => {
    expect((await dropped(new Dropout2d(1), [2, 2, 2, 3])).flat(2)).toEqual(new Array(24).fill(0))
    expect((await dropped(new StochasticDepth(0), [2, 2, 3])).flat(2)).toEqual(new Array(12).fill(1))
  })

  test('what does not fit is said', () => {
    expect(() => new Dropout1d(1.5)).toThrow('Dropout1d: expected a rate in [0, 1], got 1.5.')
    expect(() => new StochasticDepth(-1)).toThrow('StochasticDepth: expected a rate in [0, 1], got -1.')
    // @ts-expect-error a mode that there is not
    expect(() => new StochasticDepth(0.5, 'sample')).toThrow("expected mode 'row' or 'batch', got 'sample'.")
    expect(() => new Dropout2d().forward(ones([2, 3, 4]))).toThrow(
      'Dropout2d: expected x [batch, height, width, channels], got [2,3,4].',
    )
  })
})
