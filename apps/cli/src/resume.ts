import { isDeepStrictEqual } from 'node:util'
import type { Entry } from './config/entry.ts'
import { show } from './config/read-entries.ts'
import { UsageError } from './errors.ts'

/** What may change when a run goes on: where it computes and reads, what it keeps, and for how long it goes on. */
const free: readonly string[] = ['backend', 'data.directory', 'checkpoint.every', 'checkpoint.keep', 'maxSeconds']

/**
 * Checks that settings given together with `--resume` leave the run what it is.
 *
 * @param run the run's own settings
 * @throws UsageError for the first one that would change the run
 */
export function checkResumable(given: readonly Entry[], run: readonly Entry[], path: string): void {
  for (const entry of given) {
    if (free.includes(entry.path)) continue
    const own = run.find((each) => each.path === entry.path)
    if (own !== undefined && isDeepStrictEqual(own.value, entry.value)) continue
    throw new UsageError(
      `${entry.text} (${entry.place}) would change the run ${path}, which has ${own?.value == null ? 'none' : show(own.value)}. Leave it out, or start a new run without --resume. Only ${free.join(', ')} may change.`,
    )
  }
}
