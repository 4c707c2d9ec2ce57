import { expect, test } from 'vitest'
import { missingBackend, missingInShort } from './missing-backend.ts'

const addon =
  "tensorflow: TensorFlow's addon a.node is missing: looked in /x. Run: npx ddnet backend install tensorflow"

test('the reason, and the command as this shell calls it', () => {
  const reason = "TensorFlow's addon a.node is missing: looked in /x."
  expect(missingBackend(addon, {})).toEqual({ reason, fix: 'ddnet backend install tensorflow' })
  expect(missingBackend(addon, { DDNET_COMMAND: 'node main.mjs' }).fix).toBe('node main.mjs backend install tensorflow')
  expect(missingBackend(addon, {}, true).fix).toBe('ddnet backend install tensorflow --cuda')
  expect(missingBackend('webgpu: Node has none. Run: npm install webgpu', {}, true).fix).toBe('npm install webgpu')
})

test('an error without a command has no fix', () => {
  expect(missingBackend('webgpu: no adapter. Install a driver.', {})).toEqual({
    reason: 'no adapter. Install a driver.',
  })
})

test('in short it is the first sentence', () => {
  expect(missingInShort('webgpu: no WebGPU adapter was found. Dawn needs …', {})).toBe('no WebGPU adapter was found')
  expect(missingInShort('tensorflow: cuda:1: TensorFlow 2.21.0 found no such GPU. Look.', {})).toBe(
    'TensorFlow 2.21.0 found no such GPU',
  )
  expect(missingInShort('cpu: its process ended with SIGILL.', {})).toBe('its process ended with SIGILL')
  expect(missingInShort(addon, {})).toBe("TensorFlow's addon a.node is missing (ddnet backend install tensorflow)")
})
