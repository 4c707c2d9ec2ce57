import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { findAddon } from './find-addon.ts'
import { installations } from './installations.ts'

let folder: string
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'ddnet-')))
})
afterEach(() => rmSync(folder, { recursive: true }))

function file(...path: string[]): string {
  const whole = join(folder, ...path)
  mkdirSync(dirname(whole), { recursive: true })
  writeFileSync(whole, '{}')
  return whole
}

const find = (environment: Record<string, string> = {}, option?: string) =>
  findAddon(option, { DDNET_CACHE: join(folder, 'cache'), ...environment }, join(folder, 'app'))
const cached = (name: string) => file('cache', 'tensorflow', name, 'tfjs_binding.node')
const stock = (name: string, abi: string) => {
  file('app', 'node_modules', '@tensorflow', name, 'package.json')
  return file('app', 'node_modules', '@tensorflow', name, 'lib', abi, 'tfjs_binding.node')
}
const here = `${process.platform}-${process.arch}`

test('the option comes first, then DDNET_TENSORFLOW_ADDON, the cache, tfjs-node-gpu', () => {
  stock('tfjs-node', 'napi-v8')
  const gpu = stock('tfjs-node-gpu', 'napi-v8')
  expect(find()).toBe(gpu)
  const own = cached(`tensorflow-cpu-2.21.0-${here}`)
  expect(find()).toBe(own)
  const named = file('named.node')
  expect(find({ DDNET_TENSORFLOW_ADDON: named })).toBe(named)
  const option = file('option.node')
  expect(find({ DDNET_TENSORFLOW_ADDON: named }, option)).toBe(option)
})

test('the newest TensorFlow in the cache is taken, and none of another platform', () => {
  cached(`tensorflow-cpu-2.9.1-${here}`)
  cached('tensorflow-cpu-2.30.0-plan9-mips')
  const newest = cached(`tensorflow-cpu-2.21.0-${here}`)
  expect(find()).toBe(newest)
})

test('with a driver those with CUDA come first, without one those for the CPU', () => {
  const cpu = cached(`tensorflow-cpu-2.21.0-${here}`)
  cached(`tensorflow-2.9.1-${here}`)
  const cuda = cached(`tensorflow-2.21.0-${here}`)
  const best = (driver: boolean) => installations(join(folder, 'cache', 'tensorflow'), driver)[0]?.addon
  expect(best(true)).toBe(cuda)
  expect(best(false)).toBe(cpu)
})

test('an addon that the user linked comes before all, and is an error when it is gone', () => {
  cached(`tensorflow-2.21.0-${here}`)
  const own = file('own.node')
  const linked = cached(`tensorflow-linked-2.9.1-${here}`)
  rmSync(linked)
  symlinkSync(own, linked)
  expect(find()).toBe(linked)
  rmSync(own)
  expect(() => find()).toThrow(
    `tensorflow: the addon '${own}' is gone, which was chosen when TensorFlow was installed. Run: npx ddnet backend install tensorflow`,
  )
})

test("the cache is $XDG_CACHE_HOME/ddnet where DDNET_CACHE isn't set", () => {
  const path = file('xdg', 'ddnet', 'tensorflow', `tensorflow-cpu-2.21.0-${here}`, 'tfjs_binding.node')
  expect(find({ DDNET_CACHE: '', XDG_CACHE_HOME: join(folder, 'xdg') })).toBe(path)
})

test('tfjs-node is taken too, with its newest addon', () => {
  stock('tfjs-node', 'napi-v8')
  const newest = stock('tfjs-node', 'napi-v10')
  expect(find()).toBe(newest)
})

test('an unfinished installation is not an addon', () => {
  cached('.partial-0')
  cached(`tensorflow-cpu-2.21.0-${here}.partial`)
  expect(() => find()).toThrow(/tfjs_binding.node is missing/)
})

test('no addon: the error says where it looked and what to do', () => {
  file('app', 'node_modules', '@tensorflow', 'tfjs-node', 'package.json') // installed without its scripts
  expect(() => find()).toThrow(
    `tensorflow: TensorFlow's addon tfjs_binding.node is missing: DDNET_TENSORFLOW_ADDON is not set, ` +
      `'${folder}/cache/tensorflow' has none, and neither has @tensorflow/tfjs-node-gpu or @tensorflow/tfjs-node in '${folder}/app'. ` +
      'Run: npx ddnet backend install tensorflow',
  )
})

test('an addon that was asked for and is not there is an error, not a reason to take another', () => {
  cached(`tensorflow-cpu-2.21.0-${here}`)
  expect(() => find({}, '/no/such.node')).toThrow(/no addon at '\/no\/such.node', which the option addon names/)
  expect(() => find({ DDNET_TENSORFLOW_ADDON: '/no/such.node' })).toThrow(/which DDNET_TENSORFLOW_ADDON names/)
})
