import { DatasetError } from './dataset-error.ts'

/** A sample that could not be had: its index in the dataset, and its file where the cause names one. */
export class SampleError extends DatasetError {
  override readonly name = 'SampleError'

  constructor(
    readonly index: number,
    override readonly cause: unknown,
  ) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    const path = cause instanceof DatasetError ? cause.path : undefined
    super(`loader: sample ${index}: ${reason}`, { cause, ...(path !== undefined && { path }) })
  }
}
