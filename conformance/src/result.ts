/** How one test of tfjs-core's ended on one backend. */
export interface Result {
  /** The file within tfjs-core's `dist`. */
  readonly file: string
  /** Its blocks and its own name, joined by ` > `. */
  readonly name: string
  /** `pending`: tfjs itself skips it. */
  readonly status: 'passed' | 'failed' | 'pending'
  /** What a failed one said: the first line of each failure. */
  readonly message: string
}
