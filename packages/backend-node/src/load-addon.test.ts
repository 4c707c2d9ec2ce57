import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describeBackends, entryOf } from '@ddnet/testing'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { tensorflow } from './index.ts'

let folder: string
let addon: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ddnet-'))
  addon = join(folder, 'tfjs_binding.node')
})
afterEach(() => rmSync(folder, { recursive: true }))

const installed = () => entryOf(process.env, 'DDNET_TENSORFLOW_ADDON')

test('a file that is not a library', async () => {
  writeFileSync(addon, 'not a library')
  await expect(tensorflow({ addon })).rejects.toThrow(
    /^tensorflow: the addon '.*tfjs_binding.node' does not load: .*\. Run: npx ddnet backend install tensorflow$/,
  )
})

test("a Node addon that isn't TensorFlow's", async () => {
  // Rolldown's own addon: any is good here.
  const { resolve } = createRequire(createRequire(import.meta.url).resolve('vite/package.json'))
  const { resolve: ofRolldown } = createRequire(resolve('rolldown/package.json'))
  copyFileSync(ofRolldown(`@rolldown/binding-${process.platform}-${process.arch}-gnu`), addon)
  await expect(tensorflow({ addon })).rejects.toThrow(/is not TensorFlow's addon/)
})

describeBackends('damaged files', () => {
  test('an addon that was cut short, at any length', async () => {
    // Handing such a file to the system's loader would kill this process.
    const whole = readFileSync(installed())
    for (const length of [16, 1000, Math.floor(whole.length / 2), whole.length - 1]) {
      writeFileSync(addon, whole.subarray(0, length))
      await expect(tensorflow({ addon })).rejects.toThrow(
        /tfjs_binding.node' is damaged: the file ends early\. Run: npx ddnet/,
      )
    }
  })

  test('an addon whose TensorFlow was cut short', async () => {
    copyFileSync(installed(), addon)
    const name = 'libtensorflow_framework.so.2'
    const library = readFileSync(join(dirname(realpathSync(installed())), 'tensorflow', name)).subarray(0, 100_000)
    mkdirSync(join(folder, 'tensorflow'))
    writeFileSync(join(folder, 'tensorflow', name), library)
    await expect(tensorflow({ addon })).rejects.toThrow(/libtensorflow_framework.so.2' is damaged/)
  })
}, ['tensorflow'])
