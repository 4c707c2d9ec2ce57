import { readFile } from 'node:fs/promises'
import * as layers from '@ddnet/layers'
import { expect, test } from 'vitest'

test('docs/layers.md knows every layer', async () => {
  const table = await readFile(new URL('../docs/layers.md', import.meta.url), 'utf8')
  const names = Object.entries(layers).flatMap(([name, each]) =>
    typeof each === 'function' && each.prototype instanceof layers.Module ? [name] : [],
  )
  expect(names.length).toBeGreaterThan(50)
  expect(names.filter((name) => !table.includes(`| \`${name}\` `))).toEqual([])
})
