import { fileURLToPath } from 'node:url'
import { fixtureUrl, jsonFixture } from '@ddnet/testing'
import { DatasetError } from '../src/dataset-error.ts'
import { diskFiles } from '../src/files/disk-files.ts'
import type { Files } from '../src/files/files.ts'

/** A folder of what Pillow and pycocotools wrote by fixtures/datasets.py. */
export const fixtureFiles = (name: string): Files => diskFiles(fileURLToPath(fixtureUrl(`datasets/${name}`)))

/** What they read in these. */
// biome-ignore lint/suspicious/noExplicitAny: what the script wrote, each part as its test says
export const expected = jsonFixture('datasets/expected.json') as Record<string, any>

/** Files in memory, by name. */
export const memoryFiles = (contents: Readonly<Record<string, Uint8Array | string>>): Files => ({
  list: async () => Object.keys(contents).sort(),
  path: (name) => `memory/${name}`,
  async read(name) {
    const content = contents[name]
    if (content === undefined) throw new DatasetError(`memory/${name} is missing`, { cause: 'missing' })
    return typeof content === 'string' ? new TextEncoder().encode(content) : content
  },
})
