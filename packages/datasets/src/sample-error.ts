import { DatasetError } from './dataset-error.ts'

/** A sample that could not be had: its index in the dataset, and its file where the cause names one. */
export class SampleError extends DatasetError {
  override readonly name = 'SampleError'

  constructor(
    readonly index: number,
    override readonly cause: unknown,
  ) {
    const reason = cause instanceof Error ? cause.message : inWords(cause)
    const path = cause instanceof DatasetError ? cause.path : undefined
    super(`loader: sample ${index}: ${reason}`, { cause, ...(path !== undefined && { path }) })
  }
}

/** The samples that a loader left out, with the reason for each, by their index. */
export type Skipped = ReadonlyMap<number, SampleError>

/** What was thrown instead of an error. */
function inWords(cause: unknown): string {
  if (cause === undefined || cause === null) return `it failed without saying why (${cause} was thrown)`
  try {
    return String(cause)
  } catch {
    return 'it failed, and what was thrown cannot be written out'
  }
}
