import {
  adaptiveAvgPool2d,
  avgPool2d,
  maxPool2d,
  maxPool2dWithIndices,
  maxUnpool2d,
  ones,
  random,
  type Tensor,
  type Tensor4D,
  toHost,
  valueAndGrads,
} from '@ddnet/ops'
import { floats } from '@ddnet/testing'
import { testSameBits } from '../test/same-bits.ts'

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
  const x = random.normal(random.key(1), [5, 13, 11, 7])
  const found: Tensor[] = poolings.flatMap((pool) => {
    const y = pool(x)
    const seed = ones(y.shape)
    y.dispose()
    const { value, grads } = valueAndGrads(() => pool(x), [x], seed)
    seed.dispose()
    return [value, ...grads]
  })
  const results = await Promise.all(found.map(toHost))
  for (const used of [x, ...found]) used.dispose()
  return results.map(floats)
}

testSameBits('poolings give the same bits on one, two and three threads', differentiate)
