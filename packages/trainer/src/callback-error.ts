/** A callback that threw: which one, when, and as `cause` what. The run ended; its last checkpoint is whole. */
export class CallbackError extends Error {
  override readonly name = 'CallbackError'

  constructor(
    /** The callback's `name`, or its number in the list: `#2`. */
    readonly callback: string,
    /** `onStep`, …, or `needsState`. */
    readonly event: string,
    readonly step: number,
    cause: unknown,
  ) {
    const why = cause instanceof Error ? cause.message : String(cause)
    super(`The callback ${callback} failed in ${event}, after step ${step}: ${why}`, { cause })
  }
}
