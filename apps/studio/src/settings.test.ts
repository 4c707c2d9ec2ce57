import { expect, test } from 'vitest'
import { defaults, readSettings, writeSettings } from './settings.ts'

test('an empty address has the defaults', () => {
  expect(readSettings('')).toEqual(defaults)
  expect(writeSettings(defaults)).toBe('')
})

test('settings survive the address', () => {
  const settings = { steps: 10, batchSize: 8, seed: 42, validationImages: 16, backend: 'webgpu' } as const
  expect(readSettings(writeSettings(settings))).toEqual(settings)
  expect(writeSettings({ ...defaults, seed: 7 })).toBe('?seed=7')
})

test.each([
  ['?steps=0', '?steps: expected a whole number from 1 to 1000000, got "0".'],
  ['?batchSize=1', '?batchSize: expected a whole number from 2 to 4096, got "1".'],
  ['?seed=', '?seed: expected a whole number from 0 to 4294967295, got "".'],
  ['?backend=webgl', '?backend: expected auto, webgpu, wasm, got "webgl".'],
  ['?step=10', '?step: unknown setting. There are steps, batchSize, seed, validationImages, backend.'],
])('%s is refused', (address, message) => {
  expect(() => readSettings(address)).toThrow(message)
})
