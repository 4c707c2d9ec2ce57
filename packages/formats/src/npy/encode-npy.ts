import { countOf, type NpyArray, npyTypes } from './npy-array.ts'
import { NpyError } from './npy-error.ts'

/** The values begin at a multiple of it. */
const ALIGNMENT = 64

/**
 * The bytes that `numpy.save` writes for the same array.
 *
 * @throws NpyError if the number of values is not that of the shape
 */
export function encodeNpy({ dtype, shape, data }: NpyArray): Uint8Array {
  if (data.length !== countOf(shape)) {
    throw new NpyError(`npy: expected ${countOf(shape)} values for [${shape}], got ${data.length}.`)
  }
  const { code, bytes } = npyTypes[dtype]
  const tuple = `(${shape.join(', ')}${shape.length === 1 ? ',' : ''})`
  const dictionary = `{'descr': '${bytes === 1 ? '|' : '<'}${code}', 'fortran_order': False, 'shape': ${tuple}, }`
  const start = Math.ceil((10 + dictionary.length + 1) / ALIGNMENT) * ALIGNMENT
  const file = new Uint8Array(start + data.byteLength)
  file.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0])
  new DataView(file.buffer).setUint16(8, start - 10, true)
  file.set(new TextEncoder().encode(`${dictionary.padEnd(start - 11)}\n`), 10)
  file.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), start)
  return file
}
