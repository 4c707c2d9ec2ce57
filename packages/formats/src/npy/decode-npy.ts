import { fromFloat16 } from '../float16.ts'
import { BEGINNING, mistakenFor } from '../mistaken.ts'
import { countOf, type NpyArray, type NpyDtype, npyTypes } from './npy-array.ts'
import { NpyError } from './npy-error.ts'

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59] // \x93NUMPY

/**
 * The array of a `.npy` file of numbers or truth values. Arrays in Fortran's order are put in row order, big-endian ones in
 * the machine's. The values are a copy. float16 becomes float32, exactly.
 *
 * @param name what errors call the file
 * @throws NpyError for objects (which would be pickled Python code), records, texts, dates and complex numbers, saying how to
 * save them; for every file that the format does not allow; and for what is something else (.pt, HDF5, a web page …)
 * @see https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
 * @example decodeNpy(await readFile('images.npy')) // { dtype: 'uint8', shape: [100, 32, 32, 3], data }
 */
export function decodeNpy(bytes: Uint8Array, name = 'npy'): NpyArray {
  const { code, fortran, shape, offset } = readHeader(bytes, name)
  const { type, swapped } = typeOf(code, name)
  const expected = countOf(shape) * type.bytes
  if (bytes.length - offset !== expected) {
    throw new NpyError(
      `${name}: expected ${expected} bytes of ${type.dtype} for [${shape}], got ${bytes.length - offset}. The file is damaged.`,
    )
  }
  const buffer = new Uint8Array(bytes.subarray(offset)).buffer // a copy, and so aligned
  if (swapped) swapBytes(new Uint8Array(buffer), type.bytes)
  const data = type.view(buffer)
  // The dtype and its view come from one row of the table.
  return { dtype: type.dtype, shape, data: fortran && shape.length > 1 ? toRowOrder(data, shape) : data } as NpyArray
}

/** What the beginning of a `.npy` file says that it holds; undefined for what is none. */
export function describeNpy(beginning: Uint8Array): { dtype: string; shape: readonly number[] } | undefined {
  try {
    const { code, shape } = readHeader(beginning, '')
    return { dtype: code === '[' ? 'records' : (readable(code)?.dtype ?? code), shape }
  } catch (error) {
    if (error instanceof NpyError) return undefined
    throw error
  }
}

interface Header {
  readonly code: string
  readonly fortran: boolean
  readonly shape: number[]
  readonly offset: number
}

function readHeader(bytes: Uint8Array, name: string): Header {
  if (MAGIC.some((byte, at) => bytes[at] !== byte) || bytes.length < 12) {
    const mistaken = mistakenFor(bytes.subarray(0, BEGINNING), 'numpy')
    if (mistaken !== undefined) throw new NpyError(`${name}: expected a NumPy array (.npy), got ${mistaken}`)
    throw new NpyError(
      `${name}: expected it to begin with \\x93NUMPY, got [${[...bytes.subarray(0, 6)]}]. It is no .npy file.`,
    )
  }
  const version = bytes[6] as number
  if (version < 1 || version > 3)
    throw new NpyError(`${name}: expected version 1, 2 or 3 of the format, got ${version}.`)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const start = version === 1 ? 10 : 12
  const length = version === 1 ? view.getUint16(8, true) : view.getUint32(8, true)
  if (length > bytes.length - start) {
    throw new NpyError(`${name}: its header of ${length} bytes is longer than the file. The file is damaged.`)
  }
  const text = new TextDecoder().decode(bytes.subarray(start, start + length))
  const damaged = (what: string): NpyError =>
    new NpyError(`${name}: expected ${what} in the header, got ${JSON.stringify(text.slice(0, 100))}.`)
  if (!/^\s*\{.*\}\s*$/.test(text)) throw damaged('a Python dictionary')
  const code = /'descr':\s*'([^']*)'/.exec(text)?.[1] ?? /'descr':\s*\[/.exec(text)?.[0].slice(-1)
  if (code === undefined) throw damaged("'descr' as the code of numbers or truth values")
  const fortran = /'fortran_order':\s*(True|False)/.exec(text)?.[1]
  if (fortran === undefined) throw damaged("'fortran_order' as True or False")
  const sizes = /'shape':\s*\(([\d\s,L]*)\)/.exec(text)?.[1]
  if (sizes === undefined) throw damaged("'shape' as a tuple of numbers")
  const shape = sizes
    .split(',')
    .map((size) => size.trim().replace(/L$/, '')) // Python 2 marks long numbers
    .filter((size) => size !== '')
    .map(Number)
  if (shape.length > 32 || !shape.every(Number.isSafeInteger) || !Number.isSafeInteger(countOf(shape) * 8)) {
    throw damaged('a shape that can be')
  }
  return { code, fortran: fortran === 'True', shape, offset: start + length }
}

const float16: ReadType = {
  dtype: 'float32',
  bytes: 2,
  view: (buffer) => fromFloat16(new Uint16Array(buffer)),
}

interface ReadType {
  readonly dtype: NpyDtype
  readonly bytes: number
  readonly view: (buffer: ArrayBuffer) => NpyArray['data']
}

/** The type of NumPy's code (`<f4`); undefined for those that are not read. */
function readable(code: string): ReadType | undefined {
  if (!'<>|='.includes(code[0] ?? '?')) return undefined
  if (code.slice(1) === 'f2') return float16
  const dtype = (Object.keys(npyTypes) as NpyDtype[]).find((each) => npyTypes[each].code === code.slice(1))
  return dtype && { dtype, ...npyTypes[dtype] }
}

/** By the letter of NumPy's code: what it is, and how to save it so that it is read. */
const others: Readonly<Record<string, string>> = {
  O: 'Python objects, which are pickled code and never read: save an array of numbers, as np.array(list_of_numbers)',
  U: 'texts: save numbers, as np.unique(names, return_inverse=True) gives, and the names as JSON',
  S: 'texts of bytes: save numbers, as np.unique(names, return_inverse=True) gives, and the names as JSON',
  c: 'complex numbers: save array.real and array.imag',
  M: "dates: save them with .astype('int64')",
  m: "spans of time: save them with .astype('int64')",
  V: 'raw records: save their fields as arrays of their own',
  '[': 'records: save their fields as arrays of their own, array["field"]',
  f: "floats of another width: save them with .astype('float32')",
}

function typeOf(code: string, name: string): { type: ReadType; swapped: boolean } {
  const type = readable(code)
  if (type !== undefined) return { type, swapped: code[0] === '>' && type.bytes > 1 }
  const what = others[code === '[' ? code : (code[1] ?? '')]
  throw new NpyError(
    what === undefined
      ? `${name}: cannot read the dtype ${JSON.stringify(code.slice(0, 40))}. Expected one of ${Object.keys(npyTypes).join(', ')}: save it with .astype() of one of them.`
      : `${name}: it holds ${what}.`,
  )
}

function swapBytes(bytes: Uint8Array, size: number): void {
  for (let at = 0; at < bytes.length; at += size) bytes.subarray(at, at + size).reverse()
}

/** From the first axis innermost to the first axis outermost. */
function toRowOrder<A extends NpyArray['data']>(data: A, shape: readonly number[]): A {
  const result = data.slice() as A
  const position = shape.map(() => 0)
  const strides = shape.map((_, axis) => countOf(shape.slice(0, axis)))
  for (let to = 0; to < data.length; to++) {
    result[to] = data[position.reduce((sum, at, axis) => sum + at * (strides[axis] as number), 0)] as number & bigint
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      position[axis] = (position[axis] as number) + 1
      if ((position[axis] as number) < (shape[axis] as number)) break
      position[axis] = 0
    }
  }
  return result
}
