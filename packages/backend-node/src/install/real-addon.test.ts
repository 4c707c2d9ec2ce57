import { copyFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, truncateSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describeBackends, entryOf } from '@ddnet/testing'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type InstallError, installTensorFlow, removeTensorFlow } from './index.ts'

// With the TensorFlow that the set-up of the tests installed, by this code, and with real training steps.

const trainingCheck = [
  process.execPath,
  fileURLToPath(new URL('../../../../scripts/run-source.mjs', import.meta.url)),
  fileURLToPath(new URL('./training-check.ts', import.meta.url)),
]

describeBackends('a real addon', () => {
  let folder: string
  beforeEach(() => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'ddnet-real-')))
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  const addon = () => realpathSync(entryOf(process.env, 'DDNET_TENSORFLOW_ADDON'))
  const environment = () => ({ ...process.env, DDNET_CACHE: join(folder, 'cache') })
  const install = (from: string) => installTensorFlow({ from, trainingCheck, environment: environment() })

  test('trains, is linked, and stays when the link is removed', async () => {
    expect(await install(addon())).toMatchObject({ variant: 'tensorflow-linked', device: 'cpu', isNew: true })
    expect(await removeTensorFlow({ environment: environment() })).toHaveLength(1)
    expect(readFileSync(addon()).length).toBeGreaterThan(0)
  })

  test('whose TensorFlow is gone or cut short is not installed, and says what is wrong', async () => {
    const copy = join(folder, 'tfjs_binding.node')
    copyFileSync(addon(), copy)
    const message = (error: unknown) => (error as InstallError).message
    expect(await install(copy).catch(message)).toMatch(
      /^TensorFlow does not train here: tensorflow: the addon '.*' does not load: libtensorflow_\w+\.so\.2: cannot open shared object file/,
    )
    // The loader would be killed by a library that is shorter than it says.
    mkdirSync(join(folder, 'tensorflow'))
    const library = join(folder, 'tensorflow', 'libtensorflow_framework.so.2')
    cpSync(join(dirname(addon()), 'tensorflow', 'libtensorflow_framework.so.2'), library)
    truncateSync(library, 1_000_000)
    expect(await install(copy).catch(message)).toMatch(
      /libtensorflow_framework\.so\.2' is damaged: the file ends early\.$/,
    )
  })
}, ['tensorflow'])
