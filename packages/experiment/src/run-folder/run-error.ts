/** A run that cannot be read, or gone on with: the message names the file and the remedy. */
export class RunError extends Error {
  override readonly name = 'RunError'
}
