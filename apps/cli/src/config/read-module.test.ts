import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { builtIn, settingCatalog } from '@ddnet/experiment'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { entriesOfFile, readConfigContent } from './read-entries.ts'
import { readsTypescript } from './read-module.ts'

const settings = settingCatalog(builtIn)
let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ddnet-config-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

function file(name: string, text: string): string {
  writeFileSync(join(folder, name), text)
  return join(folder, name)
}

/** A project that has TypeScript. */
function withTypescript(): void {
  mkdirSync(join(folder, 'node_modules'))
  const installed = dirname(createRequire(import.meta.url).resolve('typescript/package.json'))
  symlinkSync(installed, join(folder, 'node_modules/typescript'))
}

const read = async (path: string) =>
  entriesOfFile(await readConfigContent(path), path, settings).map(({ path, value }) => [path, value])

describe('settings as a program', () => {
  test('in JavaScript', async () => {
    const path = file('a.mjs', 'const epochs = 2 + 3\nexport default { epochs, optimizer: { name: "sgd" } }')
    expect(await read(path)).toEqual([
      ['epochs', 5],
      ['optimizer', 'sgd'],
    ])
  })

  test('in TypeScript, with imports of its own; nothing is left beside it', async () => {
    withTypescript()
    file('shared.mjs', 'export const seed = 7')
    const path = file(
      'a.ts',
      `import type { Settings } from 'ddnet'
       import { seed } from './shared.mjs'
       const rate: number = 0.5
       export default { seed, optimizer: { learningRate: rate } } satisfies Settings`,
    )
    expect(await read(path)).toEqual([
      ['seed', 7],
      ['optimizer.learningRate', 0.5],
    ])
    expect(readdirSync(folder).sort()).toEqual(['a.ts', 'node_modules', 'shared.mjs'])
  })

  test('is read as it is now', async () => {
    expect(await read(file('a.mjs', 'export default { epochs: 1 }'))).toEqual([['epochs', 1]])
    expect(await read(file('a.mjs', 'export default { epochs: 2 }'))).toEqual([['epochs', 2]])
  })

  test.skipIf(readsTypescript)('TypeScript where nothing reads it has three remedies', async () => {
    await expect(read(file('a.ts', 'export default {}'))).rejects.toThrow(
      /cannot read\. Run `npm install --save-dev typescript` beside it, take Node 22\.18 or later, or write/,
    )
  })

  test.each([
    ['export const epochs = 1', 'exports no settings. Write: export default { epochs: 10 }'],
    ['export default { epoch: 3 }', 'Similar: epochs'],
    ['export default 3', 'expected settings as key: value, got 3'],
    ['throw new Error("no luck")', 'cannot be loaded: no luck. Fix it.'],
    ['export default {', 'cannot be loaded: '],
  ])('%s is refused', async (text, message) => {
    await expect(read(file('a.mjs', text))).rejects.toThrow(message)
  })

  test('a missing one is named', async () => {
    await expect(read(join(folder, 'none.ts'))).rejects.toThrow('none.ts: there is no such file')
  })
})
