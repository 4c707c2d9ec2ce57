import { itemAt } from '@ddnet/ops/checks'
import { isScalar, parse, parseDocument, stringify, visit, YAMLParseError } from 'yaml'
import { short } from './entries.ts'
import { SettingsError } from './settings-error.ts'

/**
 * Settings by path as YAML.
 *
 * @param remark a comment behind a setting
 * @param explanation lines of comments above it
 */
export function toYaml(
  settings: Readonly<Record<string, unknown>>,
  remark: (path: string) => string | undefined = () => undefined,
  explanation: (path: string) => readonly string[] = () => [],
): string {
  const lines: { text: string; remark?: string }[] = []
  for (const [path, value] of Object.entries(settings)) {
    for (const line of explanation(path)) lines.push({ text: `# ${line}` })
    lines.push({ text: `${path}: ${scalar(value)}`, remark: remark(path) ?? '' })
  }
  const width = Math.max(...lines.map(({ text, remark }) => (remark === undefined ? 0 : text.length)))
  return lines.map(({ text, remark }) => `${remark ? `${text.padEnd(width)}  # ${remark}` : text}\n`).join('')
}

const scalar = (value: unknown): string => stringify(value, { collectionStyle: 'flow' }).trimEnd()

/** @throws SettingsError for what is not YAML, or has what settings need not */
export function parseYaml(text: string, path: string): unknown {
  try {
    // No setting repeats another by an alias, and aliases could make a small file a huge value, or an endless one.
    refuseEmpty(text, path)
    return parse(text, { maxAliasCount: 0, logLevel: 'error' })
  } catch (error) {
    if (error instanceof SettingsError) throw error
    const line = error instanceof YAMLParseError ? error.linePos?.[0].line : undefined
    throw new SettingsError(
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
      throw new SettingsError(
        `${path}:${line}: ${short(String(key.value))} has no value. Give it one, or leave it out.`,
      )
    },
  })
}

/** What the parser has against a text: it throws errors of JavaScript for aliases (`*name`) and for too deep nesting. */
function yamlProblem(error: unknown): string {
  if (/call stack/.test(String(error))) return 'it is nested too deeply' // which the parser tells as an error of its own, too
  if (error instanceof YAMLParseError) return itemAt(error.message.split(' at line'), 0)
  if (error instanceof ReferenceError) return 'aliases (*name) are not understood here'
  if (error instanceof RangeError) return 'it is nested too deeply'
  throw error
}
