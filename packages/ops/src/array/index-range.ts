import { getBackend, type Tensor } from '@tensorflow/tfjs-core'

/**
 * Checks that int32 values are in 0 … count − 1, or `except`, on the backends that keep them in the host's memory. To
 * read them from a device would mean to wait for it.
 *
 * @throws RangeError that names the operator, the first value that is not, and its position
 */
export function expectRange(operator: string, name: string, x: Tensor, count: number, except?: number): void {
  const backend = getBackend()
  if (backend !== 'cpu' && backend !== 'wasm') return
  const values = x.dataSync()
  for (let position = 0; position < values.length; position++) {
    const value = values[position] as number
    if ((value >= 0 && value < count) || value === except) continue
    const or = except === undefined ? '' : ` or ${except}`
    throw new RangeError(
      `${operator}: expected ${name} in 0 … ${count - 1}${or}, got ${value} at position ${position} of [${x.shape}].`,
    )
  }
}
