import type { FixtureTensor } from '@ddnet/testing'

/**
 * How exact float32 can be about values whose mean is far from zero, for the tests of norms: it holds a mean to half a
 * unit in its last place, which the division by σ magnifies. So the error grows with |mean| / σ, for PyTorch in float32
 * as for us. `groupOf` says with which others the value at an index has its mean in common.
 */
export function conditioned({ data }: FixtureTensor, groupOf: (index: number) => number | string): number {
  const groups = new Map<number | string, number[]>()
  for (const [index, value] of data.entries()) {
    const key = groupOf(index)
    groups.set(key, [...(groups.get(key) ?? []), value])
  }
  let condition = 0
  for (const values of groups.values()) {
    const mean = values.reduce((total, value) => total + value, 0) / values.length
    const variance = values.reduce((total, value) => total + (value - mean) ** 2, 0) / values.length
    if (variance > 0) condition = Math.max(condition, Math.abs(mean) / Math.sqrt(variance))
  }
  return 1e-5 + 2 * condition * 2 ** -24
}
