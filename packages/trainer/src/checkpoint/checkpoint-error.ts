/** A checkpoint that cannot be written or read: the message names the file and the remedy. */
export class CheckpointError extends Error {
  override readonly name = 'CheckpointError'

  /**
   * @param intact the newest other checkpoint of the run that is whole, where one could not be read
   */
  constructor(
    message: string,
    options?: ErrorOptions,
    readonly intact?: string,
  ) {
    super(message, options)
  }
}
