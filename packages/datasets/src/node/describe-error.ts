import { errorCode } from '@ddnet/ops/checks'
import { DatasetError } from '../dataset-error.ts'

/**
 * An error's message with those of its causes: `fetch failed: getaddrinfo ENOTFOUND www.cs.toronto.edu`.
 * Our own messages have theirs already.
 */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  // Where a host has several addresses, Node's error for all of them has a code and no message.
  const message = error.message || (errorCode(error) ?? error.name)
  return error.cause === undefined || error instanceof DatasetError
    ? message
    : `${message}: ${describeError(error.cause)}`
}
