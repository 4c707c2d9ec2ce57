import { cos, memory, sin, tensor, tidy } from '@ddnet/ops'
import { describeBackends, itemAt } from '@ddnet/testing'
import { expect, test } from 'vitest'

describeBackends('sine on WebGPU', () => {
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
        expect(Math.abs(itemAt(values, index) - exact(angle)), `at ${angle}`).toBeLessThan(1e-7)
      }
    }
    expect(memory().numTensors).toBe(before)
  })
}, ['webgpu'])
