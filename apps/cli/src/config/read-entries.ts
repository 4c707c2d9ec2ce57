import { parse, YAMLParseError } from 'yaml'
import { UsageError } from '../errors.ts'
import type { Entry } from './entry.ts'
import { nearest } from './nearest.ts'
import { isModule, readConfigModule } from './read-module.ts'
import { readConfigText } from './read-text.ts'
import type { Setting, Settings } from './settings.ts'

/** Variables that begin as ours do and belong to other parts. */
const foreignVariables = /^DDNET_(CACHE|COMMAND|TRAIN_COMMAND|TENSORFLOW_ADDON|PYTHON|OPERATORS_FOLDER|TEST_.*)$/

/**
 * `key=value` words of the command line. A value is YAML: `0.001`, `true`, `[32,64]`, `null`, or plain text.
 *
 * @throws UsageError for a word without `=`, an unknown key or a value of the wrong kind
 */
export function readArguments(words: readonly string[], settings: Settings, place = 'command line'): Entry[] {
  return words.map((word) => {
    const at = word.indexOf('=')
    if (at < 1) {
      const name = nearest(word, settings.byPath.keys())
      throw new UsageError(
        `'${word}' is not a setting (${place}): expected key=value${name === undefined ? '' : `, as in ${name}=${settings.byPath.get(name)?.example}`}.`,
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
        `${variable} (environment) is not a setting. ${suggestion(variable, settings.byVariable.keys()) || `Unset it.`}`,
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
  if (content === null) return []
  if (!isGroup(content)) throw new UsageError(`${path}: expected settings as key: value, got ${show(content)}.`)
  return flatten(content, '', path, settings)
}

async function readYaml(path: string): Promise<unknown> {
  const text = await readConfigText(path)
  try {
    // No setting repeats another by an alias, and aliases could make a small file a huge value, or an endless one.
    return parse(text, { maxAliasCount: 0, logLevel: 'error' })
  } catch (error) {
    const line = error instanceof YAMLParseError ? error.linePos?.[0].line : undefined
    throw new UsageError(
      `${path}${line === undefined ? '' : `:${line}`} is not YAML: ${yamlProblem(error)}. Mend it, or write one with \`ddnet config > FILE\`.`,
      { cause: error },
    )
  }
}

/** What the parser has against a text: it throws errors of JavaScript for aliases (`*name`) and for too deep nesting. */
function yamlProblem(error: unknown): string {
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
    const text = `${path}: ${show(value)}`
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
  throw new UsageError(
    `'${text}' is not a valid setting (${place}). ${suggestion(path, settings.byPath.keys()) || 'See all with: ddnet config'}`,
  )
}

function suggestion(word: string, candidates: Iterable<string>): string {
  const name = nearest(word, candidates)
  return name === undefined ? '' : `Similar: ${name}`
}

/** What somebody typed, as the value that the setting takes: text where it takes this text, otherwise YAML. */
function fromText(text: string, { schema }: Setting): unknown {
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
  throw new UsageError(`${text} (${place}): expected ${expects}, got ${show(value)}. Try ${path}=${example}`)
}

export const show = (value: unknown): string =>
  typeof value === 'string' ? `'${value}'` : value === undefined ? 'nothing' : JSON.stringify(value)
