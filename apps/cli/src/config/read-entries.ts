import { isScalar, parse, parseDocument, visit, YAMLParseError } from 'yaml'
import { UsageError } from '../errors.ts'
import type { Entry } from './entry.ts'
import { nearest } from './nearest.ts'
import { isModule, readConfigModule } from './read-module.ts'
import { readConfigText } from './read-text.ts'
import type { Setting, Settings } from './settings.ts'
import { absentSetting, nameMeantBy, settingMeantBy } from './synonyms.ts'

/** Variables that begin as ours do and belong to other parts. */
const foreignVariables = /^DDNET_(CACHE|COMMAND|TRAIN_COMMAND|TENSORFLOW_ADDON|PYTHON|OPERATORS_FOLDER|TEST_.*)$/

/**
 * `key=value` words of the command line, of which the last one of a key counts. A value is YAML: `0.001`, `true`, `[32,64]`, `null`, or plain text.
 *
 * @throws UsageError for a word without `=`, an unknown key, and a value of the wrong kind or none
 */
export function readArguments(words: readonly string[], settings: Settings, place = 'command line'): Entry[] {
  return words.map((word) => {
    const at = word.indexOf('=')
    if (at < 1) {
      const name = similarSetting(word, settings)
      throw new UsageError(
        `'${short(word)}' is not a setting (${place}): expected key=value${name === undefined ? '' : `, as in ${name}=${settings.byPath.get(name)?.example}`}.`,
      )
    }
    const setting = find(word.slice(0, at), word, place, settings)
    return checked(setting, fromText(word.slice(at + 1), setting), word, place)
  })
}

/**
 * `DDNET_*` variables.
 *
 * @throws UsageError for an unknown one or a value of the wrong kind
 */
export function readEnvironment(env: Readonly<Record<string, string | undefined>>, settings: Settings): Entry[] {
  const entries: Entry[] = []
  for (const [variable, text] of Object.entries(env)) {
    if (text === undefined || !variable.startsWith('DDNET_') || foreignVariables.test(variable)) continue
    const setting = settings.byVariable.get(variable)
    if (setting === undefined) {
      throw new UsageError(
        `${short(variable)} (environment) is not a setting. ${suggestedVariable(variable, settings)}`,
      )
    }
    entries.push(checked(setting, fromText(text, setting), `${variable}=${text}`, variable))
  }
  return entries
}

/**
 * A file of settings in YAML (or JSON), TypeScript or JavaScript, nested or with dotted keys.
 *
 * @throws UsageError when it cannot be read, or holds an unknown key or a value of the wrong kind
 */
export async function readConfigFile(path: string, settings: Settings): Promise<Entry[]> {
  const content = isModule(path) ? await readConfigModule(path) : await readYaml(path)
  return content === null ? [] : entriesOf(content, path, settings).entries
}

/** What a run's `config.yaml` says beside its settings: how they are to be read. */
export const configFormat = 1

/**
 * The settings in what a file says, nested or with dotted keys, and the format that it names.
 *
 * @throws UsageError for what is no group of settings, for another format, an unknown key or a value of the wrong kind
 */
export function entriesOf(content: unknown, place: string, settings: Settings): { entries: Entry[]; format: unknown } {
  if (!isGroup(content)) throw new UsageError(`${place}: expected settings as key: value, got ${show(content)}.`)
  const { format, ...rest } = content
  if (format !== undefined && format !== configFormat) {
    throw new UsageError(
      `format: ${show(format)} (${place}): this version of ddnet reads format ${configFormat}. Read it with the version that wrote it.`,
    )
  }
  return { entries: flatten(rest, '', place, settings), format }
}

const readYaml = async (path: string): Promise<unknown> => parseYaml(await readConfigText(path), path)

/** @throws UsageError for what is not YAML, or has what settings need not */
export function parseYaml(text: string, path: string): unknown {
  try {
    // No setting repeats another by an alias, and aliases could make a small file a huge value, or an endless one.
    refuseEmpty(text, path)
    return parse(text, { maxAliasCount: 0, logLevel: 'error' })
  } catch (error) {
    if (error instanceof UsageError) throw error
    const line = error instanceof YAMLParseError ? error.linePos?.[0].line : undefined
    throw new UsageError(
      `${path}${line === undefined ? '' : `:${line}`} is not YAML: ${yamlProblem(error)}. Fix it, or write one with \`ddnet config > FILE\`.`,
      { cause: error },
    )
  }
}

/** `epochs:` with nothing behind it is null to YAML, and to its writer a line that is not done. */
function refuseEmpty(text: string, path: string): void {
  const document = parseDocument(text, { logLevel: 'silent' })
  visit(document, {
    Pair(_, { key, value }) {
      if (!isScalar(key) || !isScalar(value) || value.source !== '' || value.value !== null) return
      const line = text.slice(0, key.range?.[0]).split('\n').length
      throw new UsageError(`${path}:${line}: ${short(String(key.value))} has no value. Give it one, or leave it out.`)
    },
  })
}

/** What the parser has against a text: it throws errors of JavaScript for aliases (`*name`) and for too deep nesting. */
function yamlProblem(error: unknown): string {
  if (/call stack/.test(String(error))) return 'it is nested too deeply' // which the parser tells as an error of its own, too
  if (error instanceof YAMLParseError) return error.message.split(' at line')[0] as string
  if (error instanceof ReferenceError) return 'aliases (*name) are not understood here'
  if (error instanceof RangeError) return 'it is nested too deeply'
  throw error
}

function flatten(group: Record<string, unknown>, prefix: string, place: string, settings: Settings): Entry[] {
  return Object.entries(group).flatMap(([key, value]) => {
    const path = prefix === '' ? key : `${prefix}.${key}`
    if (settings.groups.has(path)) {
      if (isGroup(value)) return flatten(value, path, place, settings)
      throw new UsageError(
        `${path} (${place}): expected a group of settings, got ${show(value)}. Indent them below ${path}.`,
      )
    }
    const text = short(`${path}: ${show(value)}`)
    return [checked(find(path, text, place, settings), value, text, place)]
  })
}

const isGroup = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function find(path: string, text: string, place: string, settings: Settings): Setting {
  const setting = settings.byPath.get(path)
  if (setting !== undefined) return setting
  if (settings.groups.has(path)) {
    const members = [...settings.byPath.keys()].filter((each) => each.startsWith(`${path}.`))
    throw new UsageError(`'${text}' (${place}): ${path} is a group. Set one of ${members.join(', ')}.`)
  }
  const is = `'${short(text)}' is not a valid setting (${place}).`
  const meant = settingMeantBy(path, settings.byPath.keys())
  if (meant === undefined) {
    const reason = absentSetting(path)
    if (reason !== undefined) throw new UsageError(`${is} ${reason}.`)
  }
  const similar = meant ?? similarSetting(path, settings)
  if (similar === undefined) throw new UsageError(`${is} See all with: ddnet config --explain`)
  // A folder's path, too, is a remedy that can be copied where it is on the command line.
  throw new UsageError(`${is} Similar: ${similar === 'folder' ? 'folder=PATH' : similar}`)
}

/** The setting that a name is near to; of a group that there is, one of the group. */
function similarSetting(word: string, { byPath, groups }: Settings): string | undefined {
  const meant = settingMeantBy(word, byPath.keys())
  if (meant !== undefined) return meant
  const group = word.slice(0, word.indexOf('.'))
  if (!groups.has(group)) return nearest(word, byPath.keys())
  return nearest(
    word,
    [...byPath.keys()].filter((path) => path.startsWith(`${group}.`)),
  )
}

/** `DDNET_LR` is near to no variable, and means one. */
function suggestedVariable(variable: string, settings: Settings): string {
  const name = variable.replace(/^DDNET_/, '').toLowerCase()
  const meant = settingMeantBy(name, settings.byPath.keys())
  const similar = settings.byPath.get(meant ?? '')?.variable ?? nearest(variable, settings.byVariable.keys())
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

function checked({ path, schema, expects, example }: Setting, value: unknown, text: string, place: string): Entry {
  if (value !== undefined && schema.safeParse(value).success) return { path, value, text, place }
  const names = /^one of (.*)$/.exec(expects)?.[1]?.split(', ') ?? []
  const meant = typeof value === 'string' ? (nameMeantBy(value, names) ?? nearest(value, names)) : undefined
  throw new UsageError(
    `${short(text)} (${place}): expected ${expects}, got ${show(value)}. Try ${path}=${meant?.replace('cuda:N', 'cuda:0') ?? example}`,
  )
}

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
