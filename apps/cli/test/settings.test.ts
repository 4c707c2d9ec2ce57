import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { settingsJsonSchema } from '../src/config/json-schema.ts'
import { configSchema } from '../src/config/schema.ts'
import { settingsPage } from '../src/config/settings-page.ts'

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url))

// With `vitest -u` these write the files.

test('docs/settings.md is what the schema says', async () => {
  await expect(settingsPage()).toMatchFileSnapshot(at('../../../docs/settings.md'))
})

test('config.schema.json is what the schema says', async () => {
  await expect(settingsJsonSchema()).toMatchFileSnapshot(at('../config.schema.json'))
})

describe('config.schema.json', () => {
  const schema = JSON.parse(settingsJsonSchema())

  test('describes every setting and requires none', () => {
    expect(Object.keys(schema.properties)).toEqual(['format', ...Object.keys(configSchema.shape)])
    expect(JSON.stringify(schema)).not.toContain('"required"')
    expect(schema.properties.batchSize).toEqual({
      description: 'Images a batch: a whole number above 0',
      type: 'integer',
      exclusiveMinimum: 0,
      maximum: Number.MAX_SAFE_INTEGER,
    })
  })

  test('takes a group without its name, which fits several variants', () => {
    expect(schema.properties.optimizer.oneOf).toBeUndefined()
    expect(schema.properties.optimizer.anyOf).toHaveLength(3)
  })

  test('takes dotted keys', () => {
    const [pattern = ''] = Object.keys(schema.patternProperties)
    expect('optimizer.learningRate').toMatch(new RegExp(pattern))
    expect('optimiser.learningRate').not.toMatch(new RegExp(pattern))
  })
})
