import { UsageError } from '../errors.ts'
import type { Entry } from './entry.ts'
import { configFormat, entriesOf } from './read-entries.ts'
import { resolveConfig } from './resolve.ts'
import type { Config } from './schema.ts'
import type { Settings } from './settings.ts'

/** The settings of a run as they were saved, with nothing added: neither a preset's values nor defaults. */
export interface Saved {
  readonly entries: readonly Entry[]
  readonly config: Config
}

/**
 * A run's settings, of which none may be missing: what today's presets and defaults say is not what the run began with.
 *
 * @param content settings by name, in groups, and their `format`
 * @param place where they were saved, for messages
 * @throws UsageError naming what is wrong or missing
 */
export function savedConfig(content: unknown, place: string, settings: Settings): Saved {
  const { entries, format } = entriesOf(content, place, settings)
  if (format === undefined)
    throw new UsageError(`${place} is not whole: it lacks its first line, format: ${configFormat}.`)
  const given = new Map(entries.map((entry) => [entry.path, entry.value]))
  const missing = [...settings.byPath.keys()].filter((path) => !given.has(path) && exists(path, given, settings))
  if (missing.length > 0) {
    const some = missing.slice(0, 3).join(', ')
    const others = missing.length > 3 ? ` and ${missing.length - 3} others` : ''
    throw new UsageError(`${place} is not whole: it lacks ${some}${others}.`)
  }
  if (given.get('epochs') === null && given.get('steps') === null) {
    throw new UsageError(`${place} does not say how long the run is: expected epochs or steps, got null for both.`)
  }
  return { entries, config: resolveConfig([entries], 'ddnet', settings).config }
}

/** Whether there is such a setting under the names that are chosen. */
function exists(path: string, given: ReadonlyMap<string, unknown>, { variants }: Settings): boolean {
  const [group = '', key] = path.split('.')
  const variant = variants.get(group)
  if (variant === undefined || key === 'name') return true
  const name = given.get(`${group}.name`)
  return variant.settings[String(name)]?.some((setting) => setting.path === path) ?? false
}
