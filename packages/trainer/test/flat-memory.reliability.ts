import { recordFigures } from '@ddnet/testing'
import { expect, test } from 'vitest'
import { bundled } from './bundle.ts'
import { folders } from './folder.ts'
import { slope, trainAndSample } from './memory/measure.ts'

const newFolder = folders()
const script = bundled(new URL('./memory/train.ts', import.meta.url))

/**
 * Bytes a step: 5 MB in the 10,000 steps that are looked at. RSS goes up and down by so much, as the allocator keeps pages;
 * the heap after a collection does not.
 */
const BOUNDS = { heap: 50, rss: 500 }

test('20,000 steps with validations, checkpoints and a log keep the memory flat', async () => {
  const steps = 20_000
  const all = await trainAndSample(script(), newFolder(), { steps, samples: 100 })
  expect(all).toHaveLength(100)
  const [first] = all
  for (const { numTensors, numBytes } of all) {
    expect(numTensors).toBe(first?.numTensors)
    expect(numBytes).toBe(first?.numBytes)
  }
  // The history of a run grows up to its newest 10,000 steps.
  const settled = all.filter(({ step }) => step > steps / 2)
  const heapSlope = slope(settled.map(({ step, heap }) => [step, heap]))
  const rssSlope = slope(settled.map(({ step, rss }) => [step, rss]))
  const last = settled.at(-1)
  recordFigures('memory', 'WebAssembly', {
    steps,
    tensors: `${first?.numTensors} → ${last?.numTensors}`,
    bytes: `${first?.numBytes} → ${last?.numBytes}`,
    heapSlope,
    rssSlope,
    bounds: `${BOUNDS.heap}, ${BOUNDS.rss}`,
    rssMb: Math.round((last?.rss ?? Number.NaN) / 1e6),
  })
  expect(heapSlope).toBeLessThan(BOUNDS.heap)
  expect(rssSlope).toBeLessThan(BOUNDS.rss)
})
