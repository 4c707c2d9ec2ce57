import { readdirSync, readFileSync } from 'node:fs'
import { fixtureUrl } from '@ddnet/testing'
import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import { checkJpeg } from './check-jpeg.ts'

// Written by Pillow: fixtures/jpegs.py
const folder = fixtureUrl('datasets/jpegs/')
const jpegs = readdirSync(folder).map((name): [string, Buffer] => [name, readFileSync(new URL(name, folder))])

describe.each(jpegs)('%s', (_, file) => {
  test('passes as it is', () => {
    expect(checkJpeg(file, 'a')).toBe(file)
  })

  test('without its end is given it back', () => {
    expect(Buffer.compare(checkJpeg(file.subarray(0, -2), 'a'), file)).toBe(0)
    expect(Buffer.compare(checkJpeg(file.subarray(0, -1), 'a'), file)).toBe(0)
  })

  test('is refused at every length that lacks pixels, by one byte as by all', () => {
    for (let length = file.length - 3; length > 1; length -= length > file.length - 99 ? 1 : 7)
      expect(() => checkJpeg(file.subarray(0, length), 'a'), `${length} of ${file.length}`).toThrow('a is ')
  })

  test('with every part moved apart is put together again', async () => {
    const parts: Uint8Array[] = [file.subarray(0, 2)]
    for (let at = 2; ; ) {
      const next = at + 2 + file.readUInt16BE(at + 2)
      parts.push(Buffer.from('abc'), file.subarray(at, next))
      at = next
      if (parts.at(-1)?.[1] === 0xda) {
        parts.push(file.subarray(at))
        break
      }
    }
    const decoded = (bytes: Uint8Array) => sharp(bytes, { failOn: 'warning' }).raw().toBuffer()
    const moved = Buffer.concat(parts)
    await expect(decoded(moved)).rejects.toThrow('extraneous')
    expect(Buffer.compare(await decoded(checkJpeg(moved, 'a')), await decoded(file))).toBe(0)
  })
})
