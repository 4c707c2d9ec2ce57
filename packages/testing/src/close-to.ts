import { memory, ShapeError, type Tensor, toHost } from '@ddnet/ops'
import { itemAt } from '@ddnet/ops/checks'
import { expect } from 'vitest'

/**
 * Fails unless every element is within `tolerance · max(1, largest |expected|)` of its expected value: float32 sums
 * err by their largest terms, not by their result. A NaN is close to a NaN alone, and an infinity to itself.
 */
export function expectClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance = 1e-5,
  label = 'values',
): void {
  expect(actual.length, `${label}: length`).toBe(expected.length)
  let scale = 1
  for (let i = 0; i < expected.length; i++) {
    const size = Math.abs(itemAt(expected, i))
    if (size > scale && size < Number.POSITIVE_INFINITY) scale = size
  }
  for (let i = 0; i < expected.length; i++) {
    // Equal infinities have no difference.
    if (actual[i] === expected[i] || (Number.isNaN(expected[i]) && Number.isNaN(actual[i]))) continue
    const error = Math.abs(itemAt(actual, i) - itemAt(expected, i))
    if (!(error <= tolerance * scale)) {
      expect.fail(
        `${label}[${i}]: got ${actual[i]}, expected ${expected[i]}; error ${error} > ${tolerance} × ${scale} (${expected.length} values)`,
      )
    }
  }
}

/** As `expectClose`, for a tensor, whose shape must be equal too. */
export async function expectTensorClose(
  actual: Tensor,
  expected: { shape: readonly number[]; data: ArrayLike<number> },
  tolerance?: number,
  label = 'tensor',
): Promise<void> {
  expect(actual.shape, `${label}: shape`).toEqual([...expected.shape])
  const host = await toHost(actual)
  expectClose(host.data as ArrayLike<number>, expected.data, tolerance, label)
}

/**
 * Fails unless `run` throws a ShapeError whose message matches, before any kernel runs.
 */
export function expectShapeError(run: () => unknown, message: RegExp | string): void {
  const { numDataBuffers } = memory()
  expect(run).toThrow(ShapeError)
  expect(run).toThrow(message)
  expect(memory().numDataBuffers, 'a kernel ran before the error').toBe(numDataBuffers)
}
