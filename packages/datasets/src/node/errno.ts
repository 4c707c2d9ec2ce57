import { DatasetError } from '../dataset-error.ts'

/** The code of a system error, such as `ENOENT`. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}

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
