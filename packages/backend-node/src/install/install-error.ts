/** Why TensorFlow was not installed, with the remedy, in one line; nothing is left half-installed. */
export class InstallError extends Error {
  override readonly name = 'InstallError'
  /** Whether this machine lacks something (Python, a compiler, a network), as opposed to an installation that went wrong. */
  readonly isMachineLacking: boolean

  constructor(
    message: string,
    { isMachineLacking = false, cause }: { isMachineLacking?: boolean; cause?: unknown } = {},
  ) {
    super(message, cause === undefined ? undefined : { cause })
    this.isMachineLacking = isMachineLacking
  }
}

/** What this machine lacks, and how to get it. */
export const lacking = (message: string, cause?: unknown): InstallError =>
  new InstallError(message, { isMachineLacking: true, cause })
