import { entryOf } from '@ddnet/ops/checks'
import { z } from 'zod'
import { savedFormats } from './saved-settings.ts'
import type { Setting, SettingCatalog } from './setting-catalog.ts'

type Json = z.core.JSONSchema.BaseSchema

/**
 * The settings as a JSON Schema, by which editors complete and check files of settings: with dotted keys, or nested.
 * None of them is required.
 */
export function settingsJsonSchema(catalog: SettingCatalog): string {
  const { byPath, groups, choices } = catalog
  const properties: Record<string, Json> = { format: { enum: [...savedFormats] } }
  const own = [...byPath.keys()].filter((path) => !path.includes('.'))
  for (const path of own) properties[path] = schemaOf(path, catalog)
  for (const path of byPath.keys()) if (path.includes('.')) properties[path] = schemaOf(path, catalog)
  for (const group of groups) {
    const members = [...byPath.keys()].filter((path) => path.startsWith(`${group}.`))
    const nested: Json = {
      type: 'object',
      properties: {
        ...(choices.has(group) && { name: schemaOf(group, catalog) }),
        ...Object.fromEntries(members.map((path) => [path.slice(group.length + 1), schemaOf(path, catalog)])),
      },
      additionalProperties: false,
    }
    const alone = properties[group]
    properties[group] = alone === undefined ? nested : { ...described(byPath.get(group)), anyOf: [alone, nested] }
  }
  // A model, a task or data of one's own has settings of its own.
  const patternProperties = { '^(task|data|model)\\.': {} }
  const schema = {
    title: 'Settings of ddnet',
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    type: 'object',
    properties,
    patternProperties,
    additionalProperties: false,
  }
  return `${JSON.stringify(schema, undefined, 2)}\n`
}

/** Of a setting that several choices have, each one's. */
function schemaOf(path: string, { byPath, choices }: SettingCatalog): Json {
  const first = entryOf(byPath, path)
  const group = path.slice(0, Math.max(0, path.indexOf('.')))
  const all = Object.values(choices.get(group)?.settings ?? {})
    .flat()
    .filter((setting) => setting.path === path)
  const found = (all.length === 0 ? [first] : all).map(({ schema }) => bare(schema))
  const different = found.filter(
    (each, at) => found.findIndex((other) => JSON.stringify(other) === JSON.stringify(each)) === at,
  )
  // The path of a file names a definition of one's own.
  if (choices.has(path) && first.expects.includes('path of a file'))
    different.push({ type: 'string', pattern: '^[.~/]' })
  const [only] = different
  return { ...described(first), ...(different.length === 1 ? only : { anyOf: different }) }
}

const described = (setting: Setting | undefined): Json =>
  setting === undefined ? {} : { description: `${setting.about}: ${setting.expects}` }

/** Without the default: a preset says another one. */
function bare(schema: z.ZodType): Json {
  const { $schema: _, default: __, ...rest } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' })
  return rest
}
