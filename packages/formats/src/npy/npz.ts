import { decodeNpy } from './decode-npy.ts'
import { encodeNpy } from './encode-npy.ts'
import type { NpyArray } from './npy-array.ts'
import { unzip, zip } from './zip.ts'

/**
 * The arrays of a `.npz` file by their names, compressed or not.
 *
 * @param name what errors call the file
 * @throws NpyError as `decodeNpy`, and for archives that are damaged or of more than 4 GB
 * @example const { images, labels } = Object.fromEntries(await decodeNpz(await readFile('train.npz')))
 */
export async function decodeNpz(bytes: Uint8Array, name = 'npz'): Promise<Map<string, NpyArray>> {
  const files = await unzip(bytes, name)
  return new Map(
    [...files].map(([file, content]) => [file.replace(/\.npy$/, ''), decodeNpy(content, `${name}: ${file}`)]),
  )
}

/**
 * A `.npz` file as `numpy.savez` makes it, not compressed.
 *
 * @throws NpyError if the number of values of an array is not that of its shape
 */
export const encodeNpz = (arrays: Readonly<Record<string, NpyArray>>): Uint8Array =>
  zip(new Map(Object.entries(arrays).map(([name, array]) => [`${name}.npy`, encodeNpy(array)])))
