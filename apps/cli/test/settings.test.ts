import { fileURLToPath } from 'node:url'
import { builtIn, settingCatalog, settingsJsonSchema, settingsPage } from '@ddnet/experiment'

import { describe, expect, test } from 'vitest'

const catalog = settingCatalog(builtIn)
const at = (path: string) => fileURLToPath(new URL(path, import.meta.url))

// With `vitest -u` these write the files.

test('docs/settings.md is what the schema says', async () => {
  await expect(settingsPage(catalog)).toMatchFileSnapshot(at('../../../docs/settings.md'))
})

test('config.schema.json is what the schema says', async () => {
  await expect(settingsJsonSchema(catalog)).toMatchFileSnapshot(at('../config.schema.json'))
})

describe('config.schema.json', () => {
  const schema = JSON.parse(settingsJsonSchema(catalog))

  test('describes every setting and requires none', () => {
    for (const path of catalog.byPath.keys()) expect(schema.properties[path].description, path).toMatch(/: /)
    expect(JSON.stringify(schema)).not.toContain('"required"')
    expect(schema.properties.batchSize).toEqual({
      description: 'Samples a batch: a whole number above 0',
      type: 'integer',
      exclusiveMinimum: 0,
      maximum: Number.MAX_SAFE_INTEGER,
    })
  })

  test('takes a choice by its name, as a file, and with its options below it', () => {
    const [name, nested] = schema.properties.model.anyOf
    expect(name.anyOf).toEqual([
      { type: 'string', enum: expect.arrayContaining(['ddnet', 'article', 'convnet', 'resnet18', 'unet']) },
      { type: 'string', pattern: '^[.~/]' },
    ])
    expect(Object.keys(nested.properties)).toEqual(
      expect.arrayContaining(['name', 'channels', 'normalization', 'unpool', 'width', 'depth']),
    )
  })

  test('takes the options of a model of one’s own, and no misspelt setting', () => {
    const [pattern = ''] = Object.keys(schema.patternProperties)
    expect('model.width').toMatch(new RegExp(pattern))
    expect('optimiser.learningRate').not.toMatch(new RegExp(pattern))
    expect(schema.additionalProperties).toBe(false)
  })
})
