import { nearest } from './nearest.ts'
import type { Setting, SettingCatalog } from './setting-catalog.ts'
import { SettingsError } from './settings-error.ts'
import { absentSetting, nameMeantBy, settingMeantBy } from './synonyms.ts'

/** One setting that somebody made. */
export interface Entry {
  readonly path: string
  readonly value: unknown
  /** How it was written there, for messages: `epochs=ten`. */
  readonly text: string
  /** Who made it: `command line`, `DDNET_EPOCHS`, `preset quick`, or a file's path. */
  readonly place: string
}

/**
 * The settings in what a file or an object says, with dotted keys or nested: `optimizer: { name: 'sgd', momentum: 0.9 }` is
 * `optimizer: 'sgd'` and `optimizer.momentum: 0.9`.
 *
 * @param place where they stand, for messages
 * @throws SettingsError for what is not a group of settings, an unknown key or a value of the wrong kind
 */
export function entriesOf(content: unknown, place: string, catalog: SettingCatalog): Entry[] {
  if (!isGroup(content)) throw new SettingsError(`${place}: expected settings as key: value, got ${show(content)}.`)
  return flatten(content, '', place, catalog)
}

function flatten(group: Record<string, unknown>, prefix: string, place: string, catalog: SettingCatalog): Entry[] {
  return Object.entries(group).flatMap(([key, value]) => {
    const isName = key === 'name' && catalog.choices.has(prefix)
    const path = isName ? prefix : prefix === '' ? key : `${prefix}.${key}`
    if (!isName && catalog.groups.has(path)) {
      if (isGroup(value)) return flatten(value, path, place, catalog)
      if (!catalog.choices.has(path)) {
        throw new SettingsError(
          `${path} (${place}): expected a group of settings, got ${show(value)}. Indent them below ${path}.`,
        )
      }
    }
    const text = short(`${path}: ${show(value)}`)
    return [checkedEntry(findSetting(path, text, place, catalog), value, text, place, catalog)]
  })
}

export const isGroup = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** @throws SettingsError naming the setting that was meant */
export function findSetting(path: string, text: string, place: string, catalog: SettingCatalog): Setting {
  const setting = catalog.byPath.get(path)
  if (setting !== undefined) return setting
  if (catalog.groups.has(path)) {
    const members = [...catalog.byPath.keys()].filter((each) => each.startsWith(`${path}.`))
    throw new SettingsError(`'${text}' (${place}): ${path} is a group. Set one of ${members.join(', ')}.`)
  }
  const is = `'${short(text)}' is not a valid setting (${place}).`
  const meant = settingMeantBy(path, catalog.byPath.keys())
  if (meant === undefined) {
    const reason = absentSetting(path)
    if (reason !== undefined) throw new SettingsError(`${is} ${reason}.`)
  }
  const similar = meant ?? similarSetting(path, catalog)
  if (similar === undefined) throw new SettingsError(`${is} See all with: ddnet config --explain`)
  // A folder's path, too, is a remedy that can be copied where it is on the command line.
  throw new SettingsError(`${is} Similar: ${similar === 'folder' ? 'folder=PATH' : similar}`)
}

/** The setting that a name is near to; of a group that there is, one of the group. */
export function similarSetting(word: string, { byPath, groups }: SettingCatalog): string | undefined {
  const meant = settingMeantBy(word, byPath.keys())
  if (meant !== undefined) return meant
  const group = word.slice(0, word.indexOf('.'))
  if (!groups.has(group)) return nearest(word, byPath.keys())
  return nearest(
    word,
    [...byPath.keys()].filter((path) => path.startsWith(`${group}.`)),
  )
}

/** @throws SettingsError for a value that the setting does not take */
export function checkedEntry(
  { path, schema, expects, example }: Setting,
  value: unknown,
  text: string,
  place: string,
  { choices }: SettingCatalog,
): Entry {
  // Of a choice, as `optimizer.momentum`, each name may have a schema of its own.
  const choice = choices.get(path.slice(0, path.indexOf('.')))
  const schemas = choice === undefined ? [schema] : schemasOf(path, Object.values(choice.settings).flat())
  if (value !== undefined && schemas.some((each) => each.safeParse(value).success)) return { path, value, text, place }
  const names = choices.get(path)?.names ?? /^one of (.*)$/.exec(expects)?.[1]?.split(', ') ?? []
  const meant = typeof value === 'string' ? (nameMeantBy(value, names) ?? nearest(value, names)) : undefined
  // Most often it is the name of a folder.
  const folder =
    path === 'data' && typeof value === 'string' && meant === undefined && choices.get('data')?.names.includes('folder')
  if (folder)
    throw new SettingsError(
      `${short(text)} (${place}): expected ${expects}, got ${show(value)}. Try folder=${short(value)}`,
    )
  throw new SettingsError(
    `${short(text)} (${place}): expected ${expects}, got ${show(value)}. Try ${path}=${meant?.replace('cuda:N', 'cuda:0') ?? example}`,
  )
}

const schemasOf = (path: string, settings: readonly Setting[]) =>
  settings.filter((each) => each.path === path).map(({ schema }) => schema)

/** A value as messages show it. */
export const show = (value: unknown): string =>
  typeof value === 'string' ? `'${short(value)}'` : value === undefined ? 'nothing' : short(asJson(value))

/** JSON with the numbers that it has no words for. */
const asJson = (value: unknown): string =>
  typeof value === 'number'
    ? String(value)
    : Array.isArray(value)
      ? `[${value.map(asJson)}]`
      : isGroup(value)
        ? `{${Object.entries(value).map(([key, each]) => `${JSON.stringify(key)}:${asJson(each)}`)}}`
        : typeof value === 'bigint'
          ? String(value)
          : JSON.stringify(value)

const maxCharacters = 100

/** What somebody wrote, cut where nobody would read on. */
export const short = (text: string): string =>
  text.length <= maxCharacters ? text : `${text.slice(0, maxCharacters)}… (${text.length} characters)`
