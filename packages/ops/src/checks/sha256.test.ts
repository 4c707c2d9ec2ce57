import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { sha256 } from './sha256.ts'

test('is the checksum of bytes, of a part of a buffer, of shared memory and of a text', async () => {
  const bytes = Uint8Array.from({ length: 100 }, (_, at) => at)
  const expected = (part: Uint8Array | string) => createHash('sha256').update(part).digest('hex')
  expect(await sha256(bytes.subarray(3, 20))).toBe(expected(bytes.slice(3, 20)))
  const shared = new Uint8Array(new SharedArrayBuffer(100))
  shared.set(bytes)
  expect(await sha256(shared)).toBe(expected(bytes))
  expect(await sha256('Größe')).toBe(expected('Größe'))
  // FIPS 180-2, appendix B.1
  expect(await sha256('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
})
