import { z } from 'zod'
import { configFormat } from './read-entries.ts'
import { configSchema, settingInfo } from './schema.ts'
import { readSettings } from './settings.ts'

/**
 * The settings as a JSON Schema, by which editors complete and check files of settings. A file need not give any of them, and
 * may write `optimizer.learningRate` as a key.
 */
export function settingsJsonSchema(): string {
  const { groups } = readSettings()
  const schema = z.toJSONSchema(configSchema, {
    io: 'input',
    override: ({ zodSchema, jsonSchema }) => {
      const info = settingInfo.get(zodSchema as unknown as z.ZodType) // zod's core type of the same schema
      if (info !== undefined) jsonSchema.description = `${info.about}: ${info.expects}`
      delete jsonSchema.required
      delete jsonSchema.default // a preset says another one
      // Without its name, a group may fit several of its variants.
      if (jsonSchema.oneOf !== undefined) {
        jsonSchema.anyOf = jsonSchema.oneOf
        delete jsonSchema.oneOf
      }
    },
  })
  // What a run's own file begins with.
  const properties = { format: { const: configFormat }, ...schema.properties }
  const patternProperties = { [`^(${[...groups].join('|')})\\.`]: {} }
  return `${JSON.stringify({ title: 'Settings of ddnet', ...schema, properties, patternProperties }, undefined, 2)}\n`
}
