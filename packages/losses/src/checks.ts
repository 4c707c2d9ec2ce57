import { getBackend, ShapeError, type Tensor } from '@ddnet/ops'

/** Tensors by the names that errors give them. */
type Named = Readonly<Record<string, Tensor>>

/**
 * Checks that all are float32 and of one shape: broadcasting between predictions and targets is nearly always a mistake.
 *
 * @throws ShapeError that names them
 */
export function expectAlike(loss: string, tensors: Named, remedy = 'Reshape one of them.'): void {
  const entries = Object.entries(tensors)
  for (const [name, { dtype }] of entries) {
    if (dtype === 'float32') continue
    throw new ShapeError(`${loss}: expected ${name} to be float32, got ${dtype}. Cast: cast(${name}, 'float32').`)
  }
  const [first, ...others] = entries
  for (const [name, { shape }] of others) {
    if (first === undefined || shape.join() === first[1].shape.join()) continue
    throw new ShapeError(
      `${loss}: expected ${name} of the same shape as ${first[0]}, [${first[1].shape}], got [${shape}]. ${remedy}`,
    )
  }
}

/**
 * Checks that a number that shapes a loss is in its range.
 *
 * @throws RangeError otherwise, NaN and infinity among them
 */
export function expectAtLeast(loss: string, name: string, value: number, least: number): void {
  if (value >= least && Number.isFinite(value)) return
  throw new RangeError(`${loss}: expected ${name} of at least ${least}, got ${value}.`)
}

/** @throws RangeError unless it is above 0, and finite */
export function expectPositive(loss: string, name: string, value: number): void {
  if (value > 0 && Number.isFinite(value)) return
  throw new RangeError(`${loss}: expected ${name} above 0, got ${value}.`)
}

/**
 * Checks the names of options: callers in JavaScript have no types, and a misspelt one would be a default that nobody chose.
 *
 * @throws RangeError that names them all
 */
export function expectNames(loss: string, options: object, names: readonly string[]): void {
  for (const name of Object.keys(options)) {
    if (names.includes(name)) continue
    throw new RangeError(`${loss}: there is no option '${name}'. The options are ${names.join(', ')}.`)
  }
}

/**
 * Checks labels on the backends that keep them in the host's memory: to read them from a device would mean to wait for it.
 *
 * @throws RangeError that names the first label that is neither a class nor `ignoreIndex`
 */
export function expectLabels(loss: string, labels: Tensor, classes: number, ignoreIndex: number): void {
  if (getBackend() !== 'cpu' && getBackend() !== 'wasm') return
  for (const [position, label] of labels.dataSync().entries()) {
    if ((label >= 0 && label < classes) || label === ignoreIndex) continue
    throw new RangeError(
      `${loss}: expected labels in 0 … ${classes - 1} or ${ignoreIndex}, got ${label} at position ${position} of [${labels.shape}].`,
    )
  }
}
