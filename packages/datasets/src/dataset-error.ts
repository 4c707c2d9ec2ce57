/** A file, an option or a sample that is not what it must be; the message names it, what was expected, and the remedy. */
export class DatasetError extends Error {
  override readonly name: string = 'DatasetError'
  /** The file that is to blame, where it is one. */
  readonly path?: string

  constructor(message: string, { path, ...options }: ErrorOptions & { readonly path?: string } = {}) {
    super(message, options)
    if (path !== undefined) this.path = path
  }
}
