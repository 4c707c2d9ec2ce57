import {
  checkedEntry,
  type Entry,
  entriesOf,
  findSetting,
  nearest,
  parseYaml,
  type Setting,
  type SettingCatalog,
  SettingsError,
  settingMeantBy,
  short,
  similarSetting,
  withoutFormat,
} from '@ddnet/experiment'
import { parse } from 'yaml'
import { atHome } from './home.ts'
import { isModule, readModule } from './read-module.ts'
import { readConfigText } from './read-text.ts'

/** Variables that begin as ours do and belong to other parts. */
const foreignVariables = /^DDNET_(CACHE|COMMAND|TRAIN_COMMAND|TENSORFLOW_ADDON|PYTHON|OPERATORS_FOLDER|TEST_.*)$/

/**
 * `key=value` words of the command line, of which the last one of a key counts. A value is YAML: `0.001`, `true`, `[32,64]`, `null`, or plain text.
 *
 * @throws SettingsError for a word without `=`, an unknown key, and a value of the wrong kind or none
 */
export function readArguments(words: readonly string[], catalog: SettingCatalog, place = 'command line'): Entry[] {
  return words.map((word) => {
    const at = word.indexOf('=')
    if (at < 1) {
      const name = similarSetting(word, catalog)
      throw new SettingsError(
        `'${short(word)}' is not a setting (${place}): expected key=value${name === undefined ? '' : `, as in ${name}=${catalog.byPath.get(name)?.example}`}.`,
      )
    }
    const setting = findSetting(word.slice(0, at), word, place, catalog)
    return atHomeFolder(checkedEntry(setting, fromText(word.slice(at + 1), setting), word, place, catalog), setting)
  })
}

/**
 * `DDNET_*` variables.
 *
 * @throws SettingsError for an unknown one or a value of the wrong kind
 */
export function readEnvironment(env: Readonly<Record<string, string | undefined>>, catalog: SettingCatalog): Entry[] {
  const entries: Entry[] = []
  for (const [variable, text] of Object.entries(env)) {
    if (text === undefined || !variable.startsWith('DDNET_') || foreignVariables.test(variable)) continue
    const setting = catalog.byVariable.get(variable)
    if (setting === undefined) {
      throw new SettingsError(
        `${short(variable)} (environment) is not a setting. ${suggestedVariable(variable, catalog)}`,
      )
    }
    entries.push(
      atHomeFolder(checkedEntry(setting, fromText(text, setting), `${variable}=${text}`, variable, catalog), setting),
    )
  }
  return entries
}

/**
 * What a file of settings in YAML (or JSON), TypeScript or JavaScript says.
 *
 * @throws SettingsError when it cannot be read
 */
export const readConfigContent = (path: string): Promise<unknown> =>
  isModule(path) ? readModule(path, { what: 'settings', as: 'export default { epochs: 10 }' }) : readYaml(path)

/**
 * The settings in what a file says, nested or with dotted keys.
 *
 * @throws SettingsError for what is no group of settings, an unknown key or a value of the wrong kind
 */
export function entriesOfFile(content: unknown, path: string, catalog: SettingCatalog): Entry[] {
  if (content === null) return []
  const settings = isGroup(content) ? withoutFormat(content, path) : content
  return entriesOf(settings, path, catalog).map((entry) => atHomeFolder(entry, catalog.byPath.get(entry.path)))
}

/** A path below the user's folder, written out. */
const atHomeFolder = (entry: Entry, setting: Setting | undefined): Entry =>
  setting?.isPath && typeof entry.value === 'string' ? { ...entry, value: atHome(entry.value) } : entry

const isGroup = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const readYaml = async (path: string): Promise<unknown> => parseYaml(await readConfigText(path), path)

/** `DDNET_LR` is near to no variable, and means one. */
function suggestedVariable(variable: string, catalog: SettingCatalog): string {
  const name = variable.replace(/^DDNET_/, '').toLowerCase()
  const meant = settingMeantBy(name, catalog.byPath.keys())
  const similar = catalog.byPath.get(meant ?? '')?.variable ?? nearest(variable, catalog.byVariable.keys())
  return similar === undefined ? 'Unset it.' : `Similar: ${similar}`
}

/** What somebody typed, as the value that the setting takes: text where it takes this text, otherwise YAML. */
function fromText(text: string, { schema }: Setting): unknown {
  if (text.trim() === '') return undefined
  if (text === 'null') return null
  if (schema.safeParse(text).success) return text
  try {
    return parse(text, { maxAliasCount: 0, logLevel: 'error' })
  } catch {
    return text
  }
}
