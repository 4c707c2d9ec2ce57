import type { Config } from './config.ts'
import { type Entry, entriesOf, isGroup, show } from './entries.ts'
import { resolveConfig } from './resolve.ts'
import type { Setting, SettingCatalog } from './setting-catalog.ts'
import { SettingsError } from './settings-error.ts'

/** How the settings of a run are written today: flat, with the keys of the command line. */
export const settingsFormat = 2

/** The formats that this version reads. */
export const savedFormats: readonly [1, 2] = [1, settingsFormat]

/**
 * The settings of a run as they were saved, with nothing added, neither a preset's values nor defaults: but for what a setting that came
 * later says that runs before it had.
 */
export interface SavedSettings {
  readonly entries: readonly Entry[]
  readonly config: Config
}

/**
 * A run's settings, of which none may be missing: what today's presets and defaults say is not what the run began with. What a setting says
 * of runs before there was it (`before`) is.
 *
 * @param content settings by name and their `format`, of this version or of one before
 * @param place where they were saved, for messages
 * @throws SettingsError naming what is wrong or missing
 */
export function savedSettings(content: unknown, place: string, catalog: SettingCatalog): SavedSettings {
  if (!isGroup(content)) throw new SettingsError(`${place}: expected settings as key: value, got ${show(content)}.`)
  const entries = entriesOf(withoutFormat(content, place), place, catalog)
  entries.push(...entriesBefore(entries, place, catalog))
  if (content['format'] === undefined)
    throw new SettingsError(`${place} is not whole: it lacks its first line, format: ${settingsFormat}.`)
  const given = new Map(entries.map((entry) => [entry.path, entry.value]))
  const missing = [...catalog.byPath.keys()].filter((path) => !given.has(path) && exists(path, given, catalog))
  if (missing.length > 0) {
    const some = missing.slice(0, 3).join(', ')
    const others = missing.length > 3 ? ` and ${missing.length - 3} others` : ''
    throw new SettingsError(`${place} is not whole: it lacks ${some}${others}.`)
  }
  if (given.get('epochs') === null && given.get('steps') === null) {
    throw new SettingsError(`${place} does not say how long the run is: expected epochs or steps, got null for both.`)
  }
  return { entries, config: resolveConfig([entries], 'ddnet', catalog).config }
}

/** What a run that was saved without some settings had, as far as they say it. */
function entriesBefore(entries: readonly Entry[], place: string, catalog: SettingCatalog): Entry[] {
  const given = new Map(entries.map((entry) => [entry.path, entry.value]))
  return [...catalog.byPath.values()].flatMap(({ path }): Entry[] => {
    if (given.has(path)) return []
    const setting = chosenSetting(path, given, catalog)
    if (setting === undefined || !('before' in setting)) return []
    return [{ path, value: setting.before, text: `${path}: ${show(setting.before)}`, place }]
  })
}

/** Whether there is such a setting under what is chosen. */
const exists = (path: string, given: ReadonlyMap<string, unknown>, catalog: SettingCatalog): boolean =>
  chosenSetting(path, given, catalog) !== undefined

/** The setting of a path as what is chosen has it, by the values of other settings; nothing where that has none. */
export function chosenSetting(
  path: string,
  given: ReadonlyMap<string, unknown>,
  { byPath, choices }: SettingCatalog,
): Setting | undefined {
  const [group = '', key] = path.split('.')
  const choice = choices.get(group)
  if (choice === undefined || key === undefined) return byPath.get(path)
  return choice.settings[String(given.get(group))]?.find((setting) => setting.path === path)
}

/**
 * Settings as this version names them; a file that a run wrote says in which format it is.
 *
 * @throws SettingsError for a format that this version does not know
 */
export function withoutFormat(content: Record<string, unknown>, place: string): Record<string, unknown> {
  const { format, ...settings } = content
  if (format === undefined || format === settingsFormat) return settings
  if (format === 1) return fromFormat1(settings)
  throw new SettingsError(
    `format: ${show(format)} (${place}): this version of ddnet reads formats 1 and ${settingsFormat}. Read it with the version that wrote it.`,
  )
}

/** What format 1 called what has another name now. */
const renamed: Readonly<Record<string, string>> = {
  'data.name': 'data',
  'model.name': 'model',
  'optimizer.name': 'optimizer',
  'schedule.name': 'schedule',
  size: 'data.size',
  'loss.labelSmoothing': 'task.labelSmoothing',
  'average.decay': 'ema.decay',
  'earlyStopping.score': 'monitor',
  'earlyStopping.minChange': 'earlyStopping.minDelta',
}

/** Format 1 had groups, and one task. */
function fromFormat1(settings: Record<string, unknown>): Record<string, unknown> {
  const flat = Object.entries(settings).flatMap(([key, value]) =>
    isGroup(value)
      ? Object.entries(value).map(([name, each]) => [`${key}.${name}`, each] as const)
      : [[key, value] as const],
  )
  const now = Object.fromEntries(
    flat.map(([path, value]) => [Object.hasOwn(renamed, path) ? renamed[path] : path, value]),
  )
  for (const path of ['model', 'preset']) if (now[path] === 'seed') now[path] = 'article'
  if (now['monitor'] === 'accuracy') now['monitor'] = null // the task's own
  return { task: 'classification', ...now }
}
