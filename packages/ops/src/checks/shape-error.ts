/** A tensor or an option has the wrong shape, rank, size or dtype. The message names the operator, the value, and what was expected. */
export class ShapeError extends Error {
  override readonly name = 'ShapeError'
}
