import { readFileSync } from 'node:fs'
import { defined } from '@ddnet/testing'
import { describe, expect, test } from 'vitest'
import { decodeNpy } from './decode-npy.ts'
import { encodeNpy } from './encode-npy.ts'
import type { NpyArray } from './npy-array.ts'
import { NpyError } from './npy-error.ts'
import { encodeNpz, openNpz } from './npz.ts'

// Written by NumPy: packages/formats/fixtures/make_npy.py
const fixture = (name: string) => readFileSync(new URL(`../../fixtures/${name}`, import.meta.url))

/** All arrays of a file, read one by one. */
async function all(bytes: Uint8Array, name = 'x.npz'): Promise<Map<string, NpyArray>> {
  const file = await openNpz(bytes, { name })
  const arrays = new Map<string, NpyArray>()
  for (const each of Object.keys(file.entries)) arrays.set(each, await file.read(each))
  return arrays
}

const range = Array.from({ length: 12 }, (_, at) => at - 7)
const wrapped = (bits: number) => range.map((value) => (value < 0 ? 2 ** bits + value : value))
const shape = [3, 4]
const expected: Readonly<Record<string, NpyArray>> = {
  bool: { dtype: 'bool', shape, data: Uint8Array.from(range, (value) => (value === 0 ? 0 : 1)) },
  uint8: { dtype: 'uint8', shape, data: Uint8Array.from(wrapped(8)) },
  int8: { dtype: 'int8', shape, data: Int8Array.from(range) },
  uint16: { dtype: 'uint16', shape, data: Uint16Array.from(wrapped(16)) },
  int16: { dtype: 'int16', shape, data: Int16Array.from(range) },
  uint32: { dtype: 'uint32', shape, data: Uint32Array.from(wrapped(32)) },
  int32: { dtype: 'int32', shape, data: Int32Array.from(range) },
  uint64: { dtype: 'uint64', shape, data: BigUint64Array.from(range, (value) => BigInt.asUintN(64, BigInt(value))) },
  int64: { dtype: 'int64', shape, data: BigInt64Array.from(range, BigInt) },
  float32: { dtype: 'float32', shape, data: Float32Array.from(range) },
  float64: { dtype: 'float64', shape, data: Float64Array.from(range) },
  scalar: { dtype: 'float64', shape: [], data: Float64Array.of(2.5) },
  empty: { dtype: 'float32', shape: [0, 3], data: new Float32Array() },
  vector: { dtype: 'int32', shape: [3], data: Int32Array.of(0, 1, 2) },
  fortran: { dtype: 'int16', shape: [2, 3, 4], data: Int16Array.from({ length: 24 }, (_, at) => at) },
  bigEndian: { dtype: 'float32', shape: [2, 3], data: Float32Array.of(0, 0.25, 0.5, 0.75, 1, 1.25) },
}

test.each(['reference.npz', 'reference-compressed.npz'])('%s of NumPy is read', async (name) => {
  expect(Object.fromEntries(await all(fixture(name), name))).toEqual(expected)
})

test('an array is written as NumPy writes it', () => {
  expect(Buffer.compare(encodeNpy(defined(expected.float32)), fixture('reference.npy'))).toBe(0)
})

test('what is written is read again', async () => {
  expect(Object.fromEntries(await all(encodeNpz(expected)))).toEqual(expected)
})

test('the values are a copy, wherever the bytes lie', () => {
  const file = encodeNpy(defined(expected.float64))
  const shifted = new Uint8Array(file.length + 1)
  shifted.set(file, 1)
  const array = decodeNpy(shifted.subarray(1))
  shifted.fill(0)
  expect(array).toEqual(expected.float64)
})

test('the long numbers of Python 2 are numbers', () => {
  const file = Buffer.from(fixture('reference.npy'))
  const at = file.indexOf('(3, 4), }  ')
  file.write('(3L, 4L), }', at)
  expect(decodeNpy(file)).toEqual(expected.float32)
})

describe('an .npy file is refused', () => {
  const file = fixture('reference.npy')
  const withHeader = (change: (header: string) => string) => {
    const header = change(file.subarray(10, 128).toString())
    return Buffer.concat([file.subarray(0, 10), Buffer.from(header), file.subarray(128)])
  }
  test.each<[string, Uint8Array, RegExp]>([
    ['with another beginning', Buffer.from('abc and more of it'), /it to begin with \\x93NUMPY/],
    ['without any', new Uint8Array(), /expected a NumPy array \(\.npy\), got empty/],
    ['of an unknown version', Buffer.from(file).fill(9, 6, 7), /version 1, 2 or 3 of the format, got 9/],
    ['with a header beyond its end', file.subarray(0, 60), /its header of 118 bytes is longer than the file/],
    ['that was cut', file.subarray(0, -1), /expected 48 bytes of float32 for \[3,4\], got 47\. The file is damaged/],
    ['with more behind it', Buffer.concat([file, Buffer.of(0)]), /expected 48 bytes of float32 for \[3,4\], got 49/],
    ['of records', fixture('refused-record.npy'), /it holds records: save their fields as arrays of their own/],
    [
      'of complex numbers',
      fixture('refused-complex.npy'),
      /it holds complex numbers: save array\.real and array\.imag/,
    ],
    ['whose shape is none', withHeader((text) => text.replace('(3, 4)', '(3.4) ')), /'shape' as a tuple of numbers/],
    [
      'of a size that no memory has',
      withHeader((text) => text.replace('(3, 4), }          ', '(99999999, 99999999)}')),
      /a shape that can be/,
    ],
    [
      'whose order is not told',
      withHeader((text) => text.replace('fortran', 'Fortran')),
      /'fortran_order' as True or False/,
    ],
    ['without a dictionary', withHeader((text) => text.replace('{', '(')), /a Python dictionary in the header/],
  ])('%s', (_, bytes, message) => {
    expect(() => decodeNpy(bytes, 'x.npy')).toThrow(NpyError)
    expect(() => decodeNpy(bytes, 'x.npy')).toThrow(message)
  })

  test('to be written with values of another number', () => {
    expect(() => encodeNpy({ dtype: 'int8', shape: [3], data: Int8Array.of(1) })).toThrow(
      'npy: expected 3 values for [3], got 1.',
    )
  })
})

describe('an .npz file is refused', () => {
  const stored = Buffer.from(encodeNpz({ a: defined(expected.int8) }))
  const central = stored.lastIndexOf('PK\x01\x02')
  const packed = fixture('reference-compressed.npz')
  const changed = (bytes: Buffer, at: number, ...values: number[]) => {
    const copy = Buffer.from(bytes)
    for (const [place, value] of values.entries()) copy[at + place] = value
    return copy
  }
  const packedCentral = packed.indexOf('PK\x01\x02')
  test.each<[string, Uint8Array, RegExp]>([
    [
      'that is something else',
      Buffer.from('abc'.repeat(30)),
      /it has no end of a ZIP archive\. The file is damaged, or no \.npz file/,
    ],
    ['that is empty', new Uint8Array(), /expected an archive of NumPy arrays \(\.npz\), got empty/],
    ['that was cut', stored.subarray(0, -30), /it has no end of a ZIP archive/],
    [
      'with objects',
      fixture('refused.npz'),
      /objects\.npy: it holds Python objects, which are pickled code and never read/,
    ],
    [
      'whose values were changed',
      changed(stored, 30 + 5 + 128, 99),
      /"a\.npy" has another size or CRC-32 than it says/,
    ],
    ['that is encrypted', changed(stored, central + 8, 1), /"a\.npy" is encrypted/],
    ['packed in another way', changed(stored, central + 10, 12), /packed by method 12, expected none or deflate/],
    [
      'that promises more than it can hold',
      changed(packed, packedCentral + 24, 255, 255, 255, 127),
      /cannot hold its 2147483647/,
    ],
    ['whose entry lies elsewhere', changed(stored, central + 42, 7), /"a\.npy" is not where it must be/],
    ['whose directory lies elsewhere', changed(stored, stored.length - 6, 3), /entry 0 is not where it must be/],
  ])('%s', async (_, bytes, message) => {
    await expect(all(bytes, 'x.npz')).rejects.toThrow(NpyError)
    await expect(all(bytes, 'x.npz')).rejects.toThrow(message)
  })

  test('with one name twice', async () => {
    const two = Buffer.from(encodeNpz({ a: defined(expected.int8), b: defined(expected.int8) }))
    const name = two.lastIndexOf('b.npy')
    await expect(all(changed(two, name, 97))).rejects.toThrow('it has two entries "a.npy"')
  })
})
