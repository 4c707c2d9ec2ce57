import {
  adaptiveAvgPool2d,
  avgPool2d,
  type Backend,
  maxPool2d,
  maxPool2dWithIndices,
  maxUnpool2d,
  random,
  type Tensor,
  type Tensor4D,
  toHost,
  valueAndGrads,
} from '@ddnet/ops'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { wasm } from './wasm.ts'

const poolings: ((x: Tensor4D) => Tensor4D)[] = [
  (x) => maxPool2d(x, { kernelSize: 3, stride: 2, padding: 1 }),
  (x) => {
    const { values, indices } = maxPool2dWithIndices(x, { kernelSize: 3, stride: 2, padding: 1 })
    return maxUnpool2d(values, indices, { outputSize: [x.shape[1], x.shape[2]] })
  },
  (x) => avgPool2d(x, { kernelSize: 3, stride: 2, padding: 1, countIncludePad: false }),
  (x) => adaptiveAvgPool2d(x, [5, 4]),
]

/** Values and gradients, with odd sizes, so that shares differ. */
async function differentiate(): Promise<Float32Array[]> {
  const x = random.normal(random.key(1), [5, 13, 11, 7]) as Tensor4D
  const found: Tensor[] = poolings.flatMap((pool) => {
    const { value, grads } = valueAndGrads(() => pool(x), [x])
    return [value, ...grads]
  })
  const results = await Promise.all(found.map(toHost))
  for (const used of [x, ...found]) used.dispose()
  return results.map(({ data }) => data as Float32Array)
}

const started: { backend?: Backend } = {}
beforeAll(async () => (await wasm()).dispose()) // whatever other files left running
afterEach(() => {
  started.backend?.dispose()
  delete started.backend
})
afterAll(async () => void (await wasm()))

test('poolings give the same bits on one, two and three threads', async () => {
  started.backend = await wasm({ threads: 1 })
  const expected = await differentiate()
  for (const threads of [2, 3]) {
    started.backend.dispose()
    started.backend = await wasm({ threads })
    expect(started.backend.device).toContain(`${threads} threads`)
    expect(await differentiate(), `${threads} threads`).toEqual(expected)
  }
})
