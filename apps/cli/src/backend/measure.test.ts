import { builtIn, resolveConfig, settingCatalog } from '@ddnet/experiment'
import { memory } from '@ddnet/ops'
import { describeBackends } from '@ddnet/testing'
import { expect, test } from 'vitest'
import { convolutionGflops, median } from './measure-convolutions.ts'
import { assumedFacts, measuredSteps } from './measure-steps.ts'

const configOf = (...values: [path: string, value: unknown][]) =>
  resolveConfig(
    [values.map(([path, value]) => ({ path, value, text: path, place: 'test' }))],
    'short',
    settingCatalog(builtIn),
  ).config

describeBackends('measuring', () => {
  test("DDNet's convolutions, with nothing left in memory", async () => {
    await convolutionGflops({ batch: 1, seconds: 0 }) // what a backend keeps for itself
    const { numTensors } = memory()
    expect(await convolutionGflops({ batch: 1, seconds: 0 })).toBeGreaterThan(0)
    expect(memory().numTensors).toBe(numTensors)
  })

  test("a run's training step", async () => {
    const { numTensors } = memory()
    const config = configOf(['model.channels', [4]], ['batchSize', 8], ['optimizer.learningRate', 1e9])
    const steps = measuredSteps({ config, facts: assumedFacts(config) })
    expect(steps.batchSize).toBe(8)
    expect(await steps.run(3)).toBeGreaterThan(0) // it would diverge at the run's own rate
    expect(await steps.forward(2)).toBeGreaterThan(0)
    const profile = await steps.profile(2)
    expect(profile.steps).toBe(2)
    expect(profile.kernels.map(({ kernel }) => kernel)).toContain('adamUpdates')
    steps.dispose()
    expect(memory().numTensors).toBe(numTensors)
  })

  test('a step of a detection is its own, with boxes, and all maps of a forward pass are computed and freed', async () => {
    const { numTensors } = memory()
    const config = configOf(
      ['preset', 'coco'],
      ['data.annotations', 'none.json'],
      ['data.size', 32],
      ['model.width', 4],
      ['model.deconv', [8, 8, 8]],
      ['batchSize', 2],
    )
    const steps = measuredSteps({ config, facts: assumedFacts(config) })
    expect(await steps.run(2)).toBeGreaterThan(0)
    expect(await steps.forward(2)).toBeGreaterThan(0)
    // The network has none, and the focal loss of centres has: nothing stands in for it.
    expect((await steps.profile(1)).kernels.some(({ kernel }) => /sigmoid/i.test(kernel))).toBe(true)
    steps.dispose()
    expect(memory().numTensors).toBe(numTensors)
  })
}, ['wasm', 'tensorflow'])

describeBackends('images of a shortened step', () => {
  test.each([
    [64, 'short', 32],
    [64, 'short', 4096], // 1 G multiply-adds at 15 M an image
    [1, 'article', 128], // an image of 224 × 224 has more
  ] as const)('are %i with preset %s at batch size %i', (expected, preset, batchSize) => {
    const config = configOf(['preset', preset], ['batchSize', batchSize])
    const steps = measuredSteps({ config, facts: assumedFacts(config) }, { shortened: true })
    expect(steps.batchSize).toBeLessThanOrEqual(batchSize)
    expect(Math.abs(steps.batchSize - Math.min(expected, batchSize))).toBeLessThanOrEqual(2)
    steps.dispose()
  })
}, ['wasm'])

test('the median of an even number of values is between the two in the middle', () => {
  expect(median([5, 1, 9])).toBe(5)
  expect(median([4, 1, 9, 2])).toBe(3)
})
