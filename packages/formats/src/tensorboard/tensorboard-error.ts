/** A TensorBoard event that cannot be written, or bytes that are none. */
export class TensorBoardError extends Error {
  override readonly name = 'TensorBoardError'

  constructor(what: string) {
    super(`tensorboard: ${what}`)
  }
}
