import { DatasetError } from '../dataset-error.ts'

/**
 * An error's message with those of its causes: `fetch failed: getaddrinfo ENOTFOUND www.cs.toronto.edu`.
 * Our own messages have theirs already.
 */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause === undefined || error instanceof DatasetError
    ? error.message
    : `${error.message}: ${describeError(error.cause)}`
}
