/** A file, an option or a sample that is not what it must be; the message names it, what was expected, and the remedy. */
export class DatasetError extends Error {
  override readonly name = 'DatasetError'
}
