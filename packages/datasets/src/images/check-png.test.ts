import { encode } from 'fast-png'
import { expect, test } from 'vitest'
import { checkPng } from './check-png.ts'

const png = encode({ width: 3, height: 2, channels: 1, data: new Uint8Array(6) })
const large = encode({ width: 8192, height: 8192, channels: 1, data: new Uint8Array(2 ** 26) })
const changed = (at: number, ...values: number[]) => {
  const copy = png.slice()
  copy.set(values, at)
  return copy
}

test('a PNG passes as it is', async () => {
  expect((await checkPng(png, 'a.png')).bytes).toBe(png)
})

test.each<[string, Uint8Array, string]>([
  ['another file', new Uint8Array(40), 'it does not begin as one'],
  ['a cut one', png.subarray(0, 48), 'is longer than the file: it was cut off'],
  ['one that is cut in its header', png.subarray(0, 18), 'it ends within a chunk'],
  ['one whose chunk is too long', changed(33, 127, 255, 255, 255), 'is longer than the file'],
  [
    'one with millions of pixels a side',
    changed(16, 0, 255, 255, 255, 0, 255, 255, 255),
    'says that it has 16777215×16777215 pixels',
  ],
  ['one without pixels', changed(16, 0, 0, 0, 0), 'says that it has 0×2 pixels'],
  [
    'one that promises more than it can hold',
    Uint8Array.of(...large.subarray(0, 33), ...png.subarray(33)),
    'cannot hold the pixels that it promises',
  ],
  ['one of no colour type', changed(25, 5), 'it has no colour type 5'],
  ['one without a header', changed(12, 73, 68, 65, 84), 'its header is not its first chunk'],
  ['one of no depth', changed(24, 3), 'colour type 0 has no depth of 3 bits'],
  ['one whose pixels were changed', changed(44, 99), '"IDAT" has another CRC-32 than it says'],
])('%s is refused', async (_, file, message) => {
  await expect(checkPng(file, 'a.png')).rejects.toThrow(message)
  await expect(checkPng(file, 'a.png')).rejects.toThrow('a.png')
})
