import { readFileSync } from 'node:fs'
import { deflateRawSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { decodeNpy } from './npy/decode-npy.ts'
import { NpyError } from './npy/npy-error.ts'
import { encodeNpz, openNpz } from './npy/npz.ts'
import { zip } from './npy/zip.ts'
import { decodeSafetensors } from './safetensors/decode.ts'
import { encodeSafetensors } from './safetensors/encode.ts'
import { openSafetensors } from './safetensors/open.ts'
import { SafetensorsError } from './safetensors/safetensors-error.ts'

// Written by PyTorch: packages/formats/fixtures/make_mistaken.py
const fixture = (name: string) => readFileSync(new URL(`../fixtures/${name}`, import.meta.url))
const text = (content: string) => Buffer.from(content, 'latin1')
const lfs = text(
  'version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n',
)

const mistaken: Readonly<Record<string, [file: Uint8Array, said: string]>> = {
  'a PyTorch file': [fixture('mistaken/model.pt'), 'a PyTorch file (.pt or .pth). Read it with decodePyTorch.'],
  'an old PyTorch file': [fixture('mistaken/old.pt'), 'a PyTorch file of before 2020 (.pt or .pth). In Python: '],
  'pickled objects': [text('\x80\x04\x95\x10\0\0\0\0\0\0\0}.'), 'pickled Python objects. In Python: '],
  'a pointer of Git LFS': [lfs, 'a pointer of Git LFS. Fetch what it points to: git lfs pull'],
  'a web page': [text('\r\n<!doctype html>\n<html lang="en">'), 'a web page. Download it again.'],
  XML: [text('<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>'), 'XML or a web page. Download it again.'],
  HDF5: [text('\x89HDF\r\n\x1a\n\0\0\0\0\0\x08\x08\0'), 'an HDF5 file (.h5, as Keras writes). In Python: '],
  Keras: [
    Buffer.from(
      zip(
        new Map([
          ['metadata.json', text('{}')],
          ['config.json', text('{}')],
        ]),
      ),
    ),
    'a Keras file (.keras). In Python: ',
  ],
  ONNX: [text('\x08\x07\x12\x07pytorch\x1a\x051.8.1'), 'an ONNX file.'],
  GGUF: [text('GGUF\x03\0\0\0\x05\0\0\0\0\0\0\0'), 'a GGUF file.'],
  'TensorFlow Lite': [text('\x1c\0\0\0TFL3\x14\0 \0'), 'a TensorFlow Lite file.'],
  'an empty file': [text(''), 'empty. Download it again.'],
  'a PNG': [text('\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR'), 'a PNG image.'],
  'an index of shards': [text('{\n  "metadata": {"total_size": 1},\n  "weight_map": {}}'), 'JSON. An index of shards'],
  'a gzipped file': [text('\x1f\x8b\x08\0\0\0\0\0\0\0'), 'gzipped. Unpack it'],
  zeros: [Buffer.alloc(1000), 'nothing but zeros, as a download that broke off'],
}

describe.each(Object.entries(mistaken))('%s', (_, [file, said]) => {
  test('is named where a safetensors file is expected', async () => {
    expect(() => decodeSafetensors(file)).toThrow(SafetensorsError)
    expect(() => decodeSafetensors(file)).toThrow(`safetensors: this is not a safetensors file, but ${said}`)
    await expect(openSafetensors(new Blob([new Uint8Array(file)]))).rejects.toThrow(
      `safetensors: this is not a safetensors file, but ${said}`,
    )
  })

  test('is named where NumPy’s arrays are expected', async () => {
    expect(() => decodeNpy(file, 'a.npy')).toThrow(`a.npy: expected a NumPy array (.npy), got ${said}`)
    await expect(openNpz(file, { name: 'a.npz' })).rejects.toThrow(NpyError)
    await expect(openNpz(file, { name: 'a.npz' })).rejects.toThrow(`got ${said}`)
  })
})

const ours = { x: { dtype: 'float32', shape: [1], data: Float32Array.of(1) } } as const
test('our formats are told apart', async () => {
  expect(() => decodeSafetensors(encodeNpz(ours))).toThrow('an archive of NumPy arrays (.npz). Read it with openNpz.')
  expect(() => decodeSafetensors(fixture('reference.npy'))).toThrow('a NumPy array (.npy). Read it with decodeNpy.')
  expect(() => decodeNpy(encodeNpz(ours))).toThrow('an archive of NumPy arrays (.npz). Read it with openNpz.')
  expect(() => decodeNpy(encodeSafetensors(ours))).toThrow('a safetensors file. Read it with openSafetensors.')
  await expect(openNpz(encodeSafetensors(ours))).rejects.toThrow('a safetensors file. Read it with openSafetensors.')
  await expect(openNpz(fixture('reference.npy'))).rejects.toThrow('a NumPy array (.npy). Read it with decodeNpy.')
})

describe('an archive of arrays', () => {
  test.each(['mixed.npz', 'mixed-compressed.npz'])(
    '%s says what it holds, and gives what can be read',
    async (name) => {
      const { entries, read } = await openNpz(fixture(name), { name })
      expect(Object.fromEntries(Object.entries(entries).map(([key, { dtype }]) => [key, dtype]))).toEqual({
        readable: 'float32',
        half: 'float32',
        text: '<U3',
        bytes: '|S3',
        objects: '|O',
        complex: '<c8',
        days: '<M8[D]',
        long: '<f16',
        records: 'records',
      })
      expect(await read('readable')).toEqual({ dtype: 'float32', shape: [3], data: Float32Array.of(0, 1, 2) })
      // 0.1 and 6e-8 as NumPy's float16 has them.
      expect((await read('half')).data).toEqual(Float32Array.of(0.0999755859375, -65504, Infinity, 2 ** -24))
      for (const [key, message] of Object.entries({
        text: 'it holds texts: save numbers',
        bytes: 'it holds texts of bytes',
        objects: 'it holds Python objects, which are pickled code and never read',
        complex: 'it holds complex numbers: save array.real and array.imag',
        days: "it holds dates: save them with .astype('int64')",
        long: "it holds floats of another width: save them with .astype('float32')",
        records: 'it holds records: save their fields',
        none: 'there is no array "none", but 9 others: readable, half, ',
      })) {
        await expect(read(key)).rejects.toThrow(NpyError)
        await expect(read(key)).rejects.toThrow(message)
      }
    },
  )

  test.each([2, 3])('version %i of the format is read', (version) => {
    expect(decodeNpy(fixture(`reference-${version}.npy`))).toEqual(decodeNpy(fixture('reference.npy')))
  })

  test('what is not an array stands in nobody’s way', async () => {
    const file = zip(
      new Map([
        ['notes.txt', text('hello')],
        ['x.npy', fixture('reference.npy')],
      ]),
    )
    const { entries, read } = await openNpz(file)
    expect(entries['notes.txt']).toEqual({ dtype: 'no array', shape: [] })
    expect((await read('x')).shape).toEqual([3, 4])
    await expect(read('notes.txt')).rejects.toThrow('npz: notes.txt: expected it to begin with \\x93NUMPY')
  })
})

describe('an archive that is made to fill memory', () => {
  const header = "{'descr': '|u1', 'fortran_order': False, 'shape': (SIZE,), }"
  const array = (size: number): Buffer => {
    const dictionary = header.replace('SIZE', String(size)).padEnd(117)
    return Buffer.concat([text(`\x93NUMPY\x01\0v\0${dictionary}\n`), Buffer.alloc(size)])
  }
  /** One entry, packed, whose header says `size` of it. */
  function packed(content: Buffer, size = content.length): Buffer {
    const data = deflateRawSync(content)
    const stored = Buffer.from(zip(new Map([['x.npy', data]])))
    const central = stored.lastIndexOf('PK\x01\x02', undefined, 'latin1')
    for (const at of [8, central + 10]) stored.writeUInt16LE(8, at)
    for (const at of [22, central + 24]) stored.writeUInt32LE(size, at)
    return stored
  }

  test('is opened without unpacking it, and read where it is allowed', async () => {
    const file = packed(array(300e6))
    expect(file.length).toBeLessThan(400_000)
    const before = process.memoryUsage().external
    const { entries, read } = await openNpz(file)
    expect(entries['x']).toEqual({ dtype: 'uint8', shape: [300e6] })
    expect(process.memoryUsage().external - before).toBeLessThan(30e6)
    await expect(read('x')).rejects.toThrow(
      /bytes of "x\.npy" unpack to 300000128, expected at most 268435456 from so few/,
    )
    expect(process.memoryUsage().external - before).toBeLessThan(30e6)
  })

  test('is not unpacked beyond what it says', async () => {
    const file = packed(array(100e6), 1000)
    const before = process.memoryUsage().external
    await expect((await openNpz(file)).read('x')).rejects.toThrow('"x.npy" does not unpack')
    expect(process.memoryUsage().external - before).toBeLessThan(30e6)
  })

  test('whose entries overlap is refused', async () => {
    const two = Buffer.from(encodeNpz({ a: ours.x, b: ours.x }))
    const second = two.lastIndexOf('PK\x01\x02', undefined, 'latin1')
    two.writeUInt32LE(0, second + 42) // both at the first one's place
    await expect(openNpz(two)).rejects.toThrow('overlaps another entry')
  })
})
