import { crc32 as ofZlib } from 'node:zlib'
import { expect, test, vi } from 'vitest'
import { random } from '../index.ts'
import { crc32 } from './crc32.ts'

const bytes = Uint8Array.from(random.uniformValues(random.key(0), 10_000), (value) => value * 256)

test.each([
  ['Node', process],
  ['a browser', undefined],
])('in %s crc32 is that of zlib, and of the standard’s example', (_, host) => {
  const lengths = [0, 1, 255, 10_000]
  const expected = lengths.map((length) => ofZlib(bytes.subarray(0, length)))
  vi.stubGlobal('process', host)
  const example = crc32(new TextEncoder().encode('123456789'))
  const found = lengths.map((length) => crc32(bytes.subarray(0, length)))
  vi.unstubAllGlobals()
  expect(example).toBe(0xcbf43926)
  expect(found).toEqual(expected)
})
