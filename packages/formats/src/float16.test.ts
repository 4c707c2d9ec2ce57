import { readFile } from 'node:fs/promises'
import { defined, floats, itemAt } from '@ddnet/testing'
import { expect, test } from 'vitest'
import { fromBfloat16, fromFloat16, toBfloat16, toFloat16 } from './float16.ts'
import { decodeSafetensors } from './safetensors/decode.ts'
import { parseHeader } from './safetensors/header.ts'

const every = Uint16Array.from({ length: 2 ** 16 }, (_, bits) => bits)

/** 1 sign, 5 exponent and 10 fraction bits, in words. */
function meaning(half: number): number {
  const sign = half & 0x8000 ? -1 : 1
  const exponent = (half >> 10) & 0x1f
  const fraction = half & 0x3ff
  if (exponent === 31) return fraction === 0 ? sign * Infinity : Number.NaN
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15))
}

test('each of the 65,536 float16 has the value of IEEE 754', () => {
  expect([...fromFloat16(every)]).toEqual([...every].map(meaning))
})

test.each([
  ['float16', toFloat16, fromFloat16, 0x7c00],
  ['bfloat16', toBfloat16, fromBfloat16, 0x7f80],
] as const)('each %s comes back with the same bits, a NaN as a NaN', (_, to, from, infinity) => {
  const back = to(from(every))
  const holdsNaN = (bits: number) => (bits & 0x7fff) > infinity
  expect([...every].filter((bits) => (holdsNaN(bits) ? !holdsNaN(itemAt(back, bits)) : back[bits] !== bits))).toEqual(
    [],
  )
})

test('between any two neighbours, float16 rounds to the nearer one, and from the middle to the even one', () => {
  const positive = every.subarray(0, 0x7c00) // 65504 and 65536 included, where rounding gives Infinity
  const neighbour = new Float32Array(1)
  const bits = new Uint32Array(neighbour.buffer)
  const wrong = positive.filter((half) => {
    const high = half === 0x7bff ? 65536 : meaning(half + 1)
    const middle = (meaning(half) + high) / 2 // exact in float32
    neighbour[0] = middle
    bits[0] = itemAt(bits, 0) - 1
    const below = neighbour[0]
    bits[0] = itemAt(bits, 0) + 2
    const above = neighbour[0]
    const rounded = [...toFloat16(Float32Array.of(below, middle, above, -below, -middle, -above))]
    const even = half % 2 === 0 ? half : half + 1
    const expected = [half, even, half + 1, half | 0x8000, even | 0x8000, (half + 1) | 0x8000]
    return rounded.some((each, at) => each !== expected[at])
  })
  expect([...wrong]).toEqual([])
})

test.each([
  ['float16', toFloat16],
  ['bfloat16', toBfloat16],
] as const)("%s rounds as PyTorch's .half() and .bfloat16()", async (name, to) => {
  const file = await readFile(new URL('../fixtures/reference-rounding.safetensors', import.meta.url))
  const values = floats(defined(decodeSafetensors(file).tensors['values']))
  const header = parseHeader(file.subarray(8, 8 + Number(file.readBigUInt64LE(0))), file.length)
  const entry = header.entries.find((each) => each.name === name)
  const expected = new Uint16Array(new Uint8Array(file.subarray(entry?.begin, entry?.end)).buffer)
  const rounded = to(values)
  expect(values.length).toBeGreaterThan(1900)
  const finite = [...values.keys()].filter((at) => !Number.isNaN(values[at]))
  expect(finite.map((at) => rounded[at])).toEqual(finite.map((at) => expected[at]))
})
