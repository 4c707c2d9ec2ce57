import { readFile } from 'node:fs/promises'
import type { HostTensor } from '@ddnet/ops'
import { defined } from '@ddnet/testing'
import { describe, expect, test } from 'vitest'
import { decodeSafetensors } from './decode.ts'
import { type EncodeSafetensorsOptions, encodeSafetensors } from './encode.ts'
import { openSafetensors } from './open.ts'
import { SafetensorsError } from './safetensors-error.ts'

/** The tensors of fixtures/make_safetensors.py. */
const tensors: Record<string, HostTensor> = {
  'b.weight': {
    dtype: 'float32',
    shape: [2, 3],
    data: Float32Array.of(0, -0, 1.5, -2.25, 3.4028234663852886e38, 1e-45),
  },
  'b.special': { dtype: 'float32', shape: [3], data: Float32Array.of(Number.NaN, Infinity, -Infinity) },
  'a.steps': { dtype: 'int64', shape: [], data: BigInt64Array.of(2n ** 53n + 1n) },
  'a.counts': { dtype: 'int32', shape: [4], data: Int32Array.of(0, 1, -1, -(2 ** 31)) },
  'c.bytes': { dtype: 'uint8', shape: [5], data: Uint8Array.of(0, 1, 127, 128, 255) },
  'c.mask': { dtype: 'bool', shape: [3, 1], data: Uint8Array.of(1, 0, 1) },
  'd.empty': { dtype: 'float32', shape: [0, 7], data: new Float32Array(0) },
  '7': { dtype: 'float32', shape: [1], data: Float32Array.of(7) },
  'é "quoted" \\ \n \x7f \u{1f600}': { dtype: 'float32', shape: [1], data: Float32Array.of(8) },
  '\uffee': { dtype: 'float32', shape: [1], data: Float32Array.of(9) },
}
const reference = () => readFile(new URL('../../fixtures/reference.safetensors', import.meta.url))

describe("the reference implementation's file", () => {
  test('decodes to the tensors it was made from', async () => {
    expect(decodeSafetensors(await reference())).toEqual({ tensors, unread: {}, metadata: { format: 'pt' } })
  })

  test('is what we write, byte for byte', async () => {
    expect(Buffer.from(encodeSafetensors(tensors, { format: 'pt' })).equals(await reference())).toBe(true)
  })
})

describe.each(['float16', 'bfloat16'] as const)("PyTorch's file of %s tensors", (dtype) => {
  const { 'b.weight': _beyond, 'b.special': _nan, ...rest } = tensors
  const halves = () => readFile(new URL(`../../fixtures/reference-${dtype}.safetensors`, import.meta.url))

  test('decodes to float32', async () => {
    expect(decodeSafetensors(await halves())).toEqual({ tensors: rest, unread: {}, metadata: { format: 'pt' } })
  })

  test('is what we write, byte for byte', async () => {
    expect(Buffer.from(encodeSafetensors(rest, { format: 'pt' }, { dtype })).equals(await halves())).toBe(true)
  })

  test('takes half the space', () => {
    const x: HostTensor = { dtype: 'float32', shape: [1000], data: new Float32Array(1000) }
    const bytes = (options?: EncodeSafetensorsOptions) => encodeSafetensors({ x }, undefined, options).length
    expect(bytes() - bytes({ dtype })).toBeGreaterThanOrEqual(2000 - 8) // the headers differ by a padding at most
  })
})

describe('encodeSafetensors', () => {
  test('refuses what is beyond float16, keeps infinities, and stores it as bfloat16', () => {
    const x: HostTensor = { dtype: 'float32', shape: [3], data: Float32Array.of(Infinity, 65504, -65520) }
    expect(() => encodeSafetensors({ x }, undefined, { dtype: 'float16' })).toThrow(
      "safetensors: 'x' holds -65520, and float16 ends at 65504. Store bfloat16 or float32.",
    )
    const back = decodeSafetensors(encodeSafetensors({ x }, undefined, { dtype: 'bfloat16' })).tensors.x
    expect(back?.data).toEqual(Float32Array.of(Infinity, 65536, -65536)) // of 8 bits
  })

  test('survives decoding without tensors and metadata', () => {
    expect(decodeSafetensors(encodeSafetensors({}))).toEqual({ tensors: {}, unread: {}, metadata: {} })
  })

  test('writes the part of a buffer that a view shows', () => {
    const data = Float32Array.of(1, 2, 3, 4).subarray(1, 3)
    const { tensors } = decodeSafetensors(encodeSafetensors({ x: { dtype: 'float32', shape: [2], data } }))
    expect(tensors.x?.data).toEqual(Float32Array.of(2, 3))
  })

  test('refuses values that do not fit the shape', () => {
    const x: HostTensor = { dtype: 'float32', shape: [2, 2], data: new Float32Array(3) }
    expect(() => encodeSafetensors({ x })).toThrow(
      "safetensors: 'x': expected 4 float32 values for shape [2,2], got a Float32Array of 3.",
    )
  })

  test('refuses a tensor with the name of the metadata', () => {
    const x: HostTensor = { dtype: 'bool', shape: [0], data: new Uint8Array(0) }
    expect(() => encodeSafetensors({ __metadata__: x })).toThrow('Rename it')
  })
})

describe('decodeSafetensors', () => {
  /** A file from the header's text and a number of bytes after it. */
  const file = (header: string, dataBytes = 0, claimedLength?: number): Uint8Array => {
    const json = new TextEncoder().encode(header)
    const bytes = new Uint8Array(8 + json.length + dataBytes)
    new DataView(bytes.buffer).setBigUint64(0, BigInt(claimedLength ?? json.length), true)
    bytes.set(json, 8)
    return bytes
  }
  const f32 = (shape: unknown, offsets: unknown) => JSON.stringify({ dtype: 'F32', shape, data_offsets: offsets })

  test('reads headers of any length, also unaligned ones', () => {
    const bytes = file(`{"x":${f32([1], [0, 4])}}   `, 4)
    expect(decodeSafetensors(bytes).tensors.x?.data).toEqual(Float32Array.of(0))
  })

  test('reads a file inside a larger buffer, and does not hold on to it', () => {
    const large = new Uint8Array(300)
    const bytes = file(`{"x":${f32([1], [0, 4])}}`, 4)
    large.set(bytes, 3)
    const { data } = defined(decodeSafetensors(large.subarray(3, 3 + bytes.length)).tensors.x)
    large.fill(255)
    expect(data).toEqual(Float32Array.of(0))
  })

  test('keeps a tensor called __proto__ a tensor', () => {
    const { tensors } = decodeSafetensors(file(`{"__proto__":${f32([0], [0, 0])}}`))
    expect(Object.keys(tensors)).toEqual(['__proto__'])
  })

  test.each<[string, Uint8Array, string]>([
    ['an empty file', new Uint8Array(0), 'this is not a safetensors file, but empty'],
    ['seven bytes', new Uint8Array(7), 'the file has 7 bytes'],
    ['a header longer than the file', file('{}', 0, 50), 'the header ends at byte 58, but the file has 10'],
    ['a header beyond the limit', file('{}', 0, 100_000_001), 'the header would have 100000001 bytes'],
    ['a header beyond 2⁵³', file('{}', 0, 2 ** 60), 'probably not a safetensors file'],
    ['text that is not JSON', file('{"x":'), 'the header (bytes 8 to 13) is not JSON'],
    ['bytes that are not UTF-8', file('{}').with(9, 0xff), 'is not JSON'],
    ['a header that is a list', file('[]'), 'not a JSON object'],
    [
      'a name twice',
      file(`{"a b":${f32([0], [0, 0])},"a\\u0020b" :${f32([0], [0, 0])}}`),
      "the header has 'a b' twice",
    ],
    ['a field twice', file('{"x":{"dtype":"F32","dtype":"I32","shape":[0],"data_offsets":[0,0]}}'), "'dtype' twice"],
    ['an entry that is not an object', file('{"x":3}'), "'x': expected an object, got 3"],
    [
      'a missing dtype',
      file('{"x":{"shape":[1],"data_offsets":[0,2]}}', 2),
      "'x': expected dtype to be the name of one, got undefined",
    ],
    ['a negative size', file(`{"x":${f32([-1], [0, 4])}}`, 4), "'x': expected shape to be a list of sizes, got [-1]"],
    ['a fractional size', file(`{"x":${f32([0.5], [0, 2])}}`, 2), "'x': expected shape"],
    ['no shape', file(`{"x":${f32(null, [0, 4])}}`, 4), "'x': expected shape"],
    ['offsets the wrong way round', file(`{"x":${f32([1], [4, 0])}}`, 4), "'x': expected data_offsets [begin, end]"],
    ['three offsets', file(`{"x":${f32([1], [0, 4, 4])}}`, 4), "'x': expected data_offsets [begin, end]"],
    [
      'offsets of another size than the dtype',
      file(`{"x":${f32([2], [0, 4])}}`, 4),
      "'x': F32 of shape [2] has 8 bytes, but data_offsets [0, 4] give 4",
    ],
    [
      'overlapping tensors',
      file(`{"x":${f32([2], [0, 8])},"y":${f32([2], [4, 12])}}`, 12),
      "'y': data_offsets [4, 12] overlap the tensor before it, which ends at 8",
    ],
    [
      'a gap',
      file(`{"x":${f32([1], [0, 4])},"y":${f32([1], [8, 12])}}`, 12),
      "'y': data_offsets [8, 12] leave a gap after the tensor before it, which ends at 4",
    ],
    ['values that are cut off', file(`{"x":${f32([2], [0, 8])}}`, 7), "'x' ends at byte 70, but the file has 69"],
    ['bytes at the end', file(`{"x":${f32([2], [0, 8])}}`, 9), '1 bytes follow the last tensor'],
    ['metadata that is a list', file('{"__metadata__":[]}'), 'expected __metadata__ to be an object'],
    ['metadata that is a number', file('{"__metadata__":{"a":1}}'), "__metadata__ 'a': expected a string, got 1"],
  ])('refuses %s', (_, bytes, message) => {
    expect(() => decodeSafetensors(bytes)).toThrow(SafetensorsError)
    expect(() => decodeSafetensors(bytes)).toThrow(message)
  })

  test('refuses the reference file cut at any byte', async () => {
    const whole = await reference()
    for (let length = 0; length < whole.length; length++) {
      expect(() => decodeSafetensors(whole.subarray(0, length))).toThrow(SafetensorsError)
    }
  })
})

describe('what the host has no type for', () => {
  // Written and converted by PyTorch: packages/formats/fixtures/make_safetensors.py
  const others = () => readFile(new URL('../../fixtures/reference-others.safetensors', import.meta.url))

  test.each(['F64', 'I8', 'I16', 'U16', 'U32', 'U64', 'F8_E4M3', 'F8_E5M2'])(
    '%s is what PyTorch converts it to',
    async (name) => {
      const { tensors } = decodeSafetensors(await others())
      expect(tensors[name]).toEqual(tensors[`${name} converted`])
      const file = await openSafetensors(new Blob([await others()]))
      expect(await file.read(name)).toEqual(tensors[name])
    },
  )

  test('is named, and the other tensors are read', async () => {
    const { tensors, unread } = decodeSafetensors(await others())
    expect(tensors['F32']?.data).toEqual(Float32Array.of(1, 1, 1))
    expect(Object.keys(unread)).toEqual(['C64', 'F8_E8M0'])
    expect(unread['C64']).toMatch(
      /^its dtype is "C64", and U64, I64, F64, .* are read\. Convert it before saving it\.$/,
    )
    const file = await openSafetensors(new Blob([await others()]))
    expect(file.entries['C64']).toEqual({ dtype: 'C64', shape: [2] })
    await expect(file.read('C64')).rejects.toThrow(`safetensors: 'C64' cannot be read: its dtype is "C64"`)
    expect((await file.read('F32')).data).toEqual(Float32Array.of(1, 1, 1))
  })

  test.each<[string, string, ArrayBufferView, string]>([
    ['F64', 'float32 ends at 3.4e38', Float64Array.of(1, -1e39), 'it holds -1e+39'],
    ['U64', 'int64 ends at 2^63 − 1', BigUint64Array.of(1n, 2n ** 63n), 'it holds 9223372036854775808'],
  ])('%s values that no type of ours has are not rounded away: %s', (dtype, reason, data, value) => {
    const json = `{"x":{"dtype":"${dtype}","shape":[2],"data_offsets":[0,16]}}`
    const file = Buffer.concat([
      Uint8Array.of(json.length, 0, 0, 0, 0, 0, 0, 0),
      Buffer.from(json),
      new Uint8Array(data.buffer),
    ])
    const { unread } = decodeSafetensors(file)
    expect(unread['x']).toContain(value)
    expect(unread['x']).toContain(reason)
  })
})

describe('a header that is made to break a reader', () => {
  const file = (header: string): Buffer => {
    const length = Buffer.alloc(8)
    length.writeBigUInt64LE(BigInt(Buffer.byteLength(header)))
    return Buffer.concat([length, Buffer.from(header)])
  }
  const deep = (open: string, close: string, levels = 1_000_000) => open.repeat(levels) + close.repeat(levels)

  test.each<[string, string, RegExp]>([
    [
      'lists in a shape',
      `{"x":{"dtype":"F32","shape":${deep('[', ']')},"data_offsets":[0,0]}}`,
      /1000002 deep, expected at most 3/,
    ],
    ['objects', deep('{"a":', '}').replace('}', '1}'), /1000000 deep/],
    ['lists in the metadata', `{"__metadata__":{"a":${deep('[', ']')}}}`, /1000002 deep/],
    ['lists that do not end', `{"x":${'['.repeat(1_000_000)}`, /1000001 deep/],
    ['a text that does not end', `{"x${'\\\\'.repeat(4_000_000)}`, /is not JSON/],
  ])('%s', (_, header, message) => {
    expect(() => decodeSafetensors(file(header))).toThrow(SafetensorsError)
    expect(() => decodeSafetensors(file(header))).toThrow(message)
  })

  test('metadata of 16 MB are read', () => {
    const long = 'x"\\'.repeat(4_000_000)
    expect(decodeSafetensors(file(JSON.stringify({ __metadata__: { long } }))).metadata['long']).toBe(long)
  })

  const wrong = [null, true, 3, 'text', [], [null], {}, { a: null }, [[1]], -1, 1e300]
  test('any value in any place is refused, or read', () => {
    const entry = { dtype: 'F32', shape: [0], data_offsets: [0, 0] }
    const headers = wrong.flatMap((value) => [
      value,
      { x: value },
      { __metadata__: value },
      { __metadata__: { a: value } },
      ...Object.keys(entry).map((key) => ({ x: { ...entry, [key]: value } })),
    ])
    let refused = 0
    for (const header of headers) {
      try {
        decodeSafetensors(file(JSON.stringify(header)))
      } catch (error) {
        expect(error, JSON.stringify(header)).toBeInstanceOf(SafetensorsError)
        refused++
      }
    }
    expect(refused).toBeGreaterThan(headers.length / 2)
  })
})
