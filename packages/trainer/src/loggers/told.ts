import type { Json } from '../snapshot.ts'
import { LogError } from './log-error.ts'

/** What a checkpoint says of a log: how many entries it had, and a digest of them. */
export interface Told {
  readonly entries: number
  readonly digest: number
}

export const nothingTold: Told = { entries: 0, digest: 0x811c9dc5 }

/** FNV-1a, of 32 bits: it is to find what was lost or exchanged, not what somebody forged. */
export function tell({ entries, digest }: Told, entry: string): Told {
  let next = digest
  for (let at = 0; at < entry.length; at++) next = Math.imul(next ^ entry.charCodeAt(at), 0x01000193)
  return { entries: entries + 1, digest: Math.imul(next ^ 10, 0x01000193) >>> 0 }
}

/** What was told of the clock differs from run to run. */
export const withoutTimes = (line: object): string =>
  JSON.stringify(line, (key, value) => (key === 'seconds' || key === 'dataSeconds' ? undefined : value))

/** A state as `Told`, where it is one. */
export function toldOf(state: Json): Told | undefined {
  const { entries, digest } = (state ?? {}) as Partial<Told>
  return typeof entries === 'number' && typeof digest === 'number' ? { entries, digest } : undefined
}

export interface MismatchOption {
  /**
   * Told when a run goes on and the log is not what its checkpoint says: lines are missing, changed or another run's. The log
   * then goes on behind what can be read. Left out, this is a `LogError`.
   */
  readonly onMismatch?: (message: string) => void
}

/** An entry of a log that a run goes on with. */
export interface Entry {
  /** What it is of, such as `validation 12`: a log has no two of the same. */
  readonly key: string
  readonly step: number
  /** As `tell` gets it. */
  readonly form: string
}

/**
 * The entries of a log that a run keeps when it goes on after `step`: those that the checkpoint knows of, and what was told of
 * that step later. Where the log is not what the checkpoint says, it is all of it up to that step.
 *
 * @param expected what the checkpoint says; nothing where it does not speak of this log
 * @throws LogError where they differ and nobody wants to be told
 */
export function keptEntries<E extends Entry>(
  file: string,
  entries: readonly E[],
  { step, expected, onMismatch }: { step: number; expected: Told | undefined } & MismatchOption,
): E[] {
  const before = unique(entries.filter((entry) => entry.step <= step))
  if (expected === undefined) return before
  const known = entries.slice(0, expected.entries)
  const found = known.map(({ form }) => form).reduce(tell, nothingTold)
  if (found.entries === expected.entries && found.digest === expected.digest) {
    return unique([...known, ...entries.slice(expected.entries).filter((entry) => entry.step === step)])
  }
  const problem =
    before.length < expected.entries
      ? `it has ${before.length} of the ${expected.entries} entries that the checkpoint knows of`
      : `its first ${expected.entries} entries are not those that the checkpoint knows of`
  if (onMismatch === undefined) {
    throw new LogError(`log: ${file} is not what it was: ${problem}. Put the file back, or log to another one.`)
  }
  onMismatch(`${file} is not what it was: ${problem}`)
  return before
}

function unique<E extends Entry>(entries: readonly E[]): E[] {
  const keys = new Set<string>()
  return entries.filter(({ key }) => !keys.has(key) && keys.add(key))
}
