/** One setting that somebody made. */
export interface Entry {
  readonly path: string
  readonly value: unknown
  /** How it was written there, for messages: `epochs=ten`. */
  readonly text: string
  /** Who made it: `command line`, `DDNET_EPOCHS`, `preset quick`, or a file's path. */
  readonly place: string
}
