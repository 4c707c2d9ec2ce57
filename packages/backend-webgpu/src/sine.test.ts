import { cos, sin } from '@ddnet/ops'
import { memory, tensor, tidy } from '@tensorflow/tfjs-core'
import { beforeAll, expect, test } from 'vitest'
import { webgpu } from './index.ts'

beforeAll(async () => {
  await webgpu()
})

test.each([
  ['sin', sin, Math.sin],
  ['cos', cos, Math.cos],
] as const)('%s errs by at most 1e-7 up to 8000, in fours and one by one', async (_, run, exact) => {
  const before = memory().numTensors
  for (const size of [1000, 997, 0]) {
    const angles = Float32Array.from(
      { length: size },
      (_, index) => (index - size / 2) * (index % 7 === 0 ? 16 : 0.013),
    )
    const y = tidy(() => run(tensor(angles, [size])))
    const values = await y.data()
    y.dispose()
    expect(values.length).toBe(size)
    for (const [index, angle] of angles.entries()) {
      expect(Math.abs((values[index] as number) - exact(angle)), `at ${angle}`).toBeLessThan(1e-7)
    }
  }
  expect(memory().numTensors).toBe(before)
})
