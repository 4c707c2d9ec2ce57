import { countOf, type NpyArray, type NpyDtype, npyTypes } from './npy-array.ts'
import { NpyError } from './npy-error.ts'

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59] // \x93NUMPY

/**
 * The array of a `.npy` file of numbers or truth values. Arrays in Fortran's order are put in row order, big-endian ones in
 * the machine's. The values are a copy.
 *
 * @param name what errors call the file
 * @throws NpyError for objects (which would be pickled Python code), records, texts and complex numbers, and for every file
 * that the format does not allow
 * @see https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
 * @example decodeNpy(await readFile('images.npy')) // { dtype: 'uint8', shape: [100, 32, 32, 3], data }
 */
export function decodeNpy(bytes: Uint8Array, name = 'npy'): NpyArray {
  const { code, fortran, shape, offset } = readHeader(bytes, name)
  const { dtype, swapped } = typeOf(code, name)
  const type = npyTypes[dtype]
  const expected = countOf(shape) * type.bytes
  if (bytes.length - offset !== expected) {
    throw new NpyError(
      `${name}: expected ${expected} bytes of ${dtype} for [${shape}], got ${bytes.length - offset}. The file is damaged.`,
    )
  }
  const buffer = new Uint8Array(bytes.subarray(offset)).buffer // a copy, and so aligned
  if (swapped) swapBytes(new Uint8Array(buffer), type.bytes)
  const data = type.view(buffer)
  // The dtype and its view come from one row of the table.
  return { dtype, shape, data: fortran && shape.length > 1 ? toRowOrder(data, shape) : data } as NpyArray
}

interface Header {
  readonly code: string
  readonly fortran: boolean
  readonly shape: number[]
  readonly offset: number
}

function readHeader(bytes: Uint8Array, name: string): Header {
  if (MAGIC.some((byte, at) => bytes[at] !== byte) || bytes.length < 12) {
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
  const code = /'descr':\s*'([^']*)'/.exec(text)?.[1]
  if (code === undefined) throw damaged("'descr' as the code of numbers or truth values (no records)")
  const fortran = /'fortran_order':\s*(True|False)/.exec(text)?.[1]
  if (fortran === undefined) throw damaged("'fortran_order' as True or False")
  const sizes = /'shape':\s*\(([\d\s,]*)\)/.exec(text)?.[1]
  if (sizes === undefined) throw damaged("'shape' as a tuple of numbers")
  const shape = sizes
    .split(',')
    .filter((size) => size.trim() !== '')
    .map(Number)
  if (shape.length > 32 || !shape.every(Number.isSafeInteger) || !Number.isSafeInteger(countOf(shape) * 8)) {
    throw damaged('a shape that can be')
  }
  return { code, fortran: fortran === 'True', shape, offset: start + length }
}

function typeOf(code: string, name: string): { dtype: NpyDtype; swapped: boolean } {
  const dtype = (Object.keys(npyTypes) as NpyDtype[]).find((each) => npyTypes[each].code === code.slice(1))
  if (dtype === undefined || !'<>|='.includes(code[0] as string)) {
    throw new NpyError(
      `${name}: cannot read the dtype '${code}'. Expected one of ${Object.keys(npyTypes).join(', ')}: save it with .astype() of one of them.`,
    )
  }
  return { dtype, swapped: code[0] === '>' && npyTypes[dtype].bytes > 1 }
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
