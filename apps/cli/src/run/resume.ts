import { isDeepStrictEqual } from 'node:util'
import type { Entry } from '../config/entry.ts'
import { show } from '../config/read-entries.ts'
import { UsageError } from '../errors.ts'
import { freeSettings } from './run-record.ts'

/**
 * Checks that settings given together with `--resume` leave the run what it is.
 *
 * @param run the run's own settings
 * @throws UsageError for the first one that would change the run
 */
export function checkResumable(given: readonly Entry[], run: readonly Entry[], path: string): void {
  for (const entry of given) {
    if (freeSettings.includes(entry.path)) continue
    const own = run.find((each) => each.path === entry.path)
    if (own !== undefined && isDeepStrictEqual(own.value, entry.value)) continue
    throw new UsageError(
      `${entry.text} (${entry.place}) would change the run ${path}, which has ${own?.value == null ? 'none' : show(own.value)}. Leave it out, or start a new run without --resume. Only ${freeSettings.join(', ')} may change.`,
    )
  }
}
