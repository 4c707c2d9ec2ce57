import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { BackendUnavailable } from '@ddnet/ops'
import { expectOneTfjs } from '@ddnet/ops/kernels'
import { version_core } from '@tensorflow/tfjs-core'
import { expect, test } from 'vitest'

test('the version of tfjs-core that is installed is the one that kernels are made for', () => {
  expect(() => expectOneTfjs('wasm', version_core)).not.toThrow()
})

test('a backend with another version is told, with who has it and what to do', () => {
  const start = () => expectOneTfjs('wasm', '4.20.0')
  expect(start).toThrow(BackendUnavailable)
  expect(start).toThrow(
    `wasm: expected @tensorflow/tfjs-core ${version_core} and no other version, found 4.20.0 of the backend wasm.`,
  )
  expect(start).toThrow(`Install ${version_core} wherever another one is asked for`)
})

test('another version that anybody has loaded in Node is told by its path, and one of the same version is not', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'ddnet-two-'))
  const copy = async (owner: string, version: string): Promise<string> => {
    const home = join(folder, owner, 'node_modules', '@tensorflow', 'tfjs-core')
    await mkdir(home, { recursive: true })
    await writeFile(join(home, 'index.cjs'), `exports.version_core = '${version}'`)
    return join(home, 'index.cjs')
  }
  const require = createRequire(import.meta.url)
  const [same, other] = [await copy('same', version_core), await copy('other', '3.21.0')]
  try {
    require(same)
    expect(() => expectOneTfjs('wasm', version_core)).not.toThrow()
    require(other)
    expect(() => expectOneTfjs('wasm', version_core)).toThrow(`found 3.21.0 of ${other}.`)
  } finally {
    for (const each of [same, other]) delete require.cache[each]
    await rm(folder, { recursive: true, force: true })
  }
})
