import { BEGINNING, mistakenFor } from '../mistaken.ts'
import { openZip, type ZipEntry } from '../zip/open-zip.ts'
import { decodeNpy, describeNpy } from './decode-npy.ts'
import { encodeNpy } from './encode-npy.ts'
import type { NpyArray } from './npy-array.ts'
import { NpyError } from './npy-error.ts'
import { zip } from './zip.ts'

/** Enough of an array's file for its header, of which NumPy writes 128 bytes for most. */
const HEADER = 65_536
/** Arrays pack into a tenth; zeros, and what is made to fill memory, into a thousandth. */
const MOST_TIMES = 100

export interface NpzFile {
  /**
   * What the file holds, by name: also what cannot be read, by NumPy's code of it (`<U5`, `|O`) or, for what is not an array at
   * all, as `no array`.
   */
  readonly entries: Readonly<Record<string, { readonly dtype: string; readonly shape: readonly number[] }>>
  /**
   * Unpacks one array, and nothing else.
   * @throws NpyError as `decodeNpy`, if there is none of that name, and for what unpacks to more than is allowed
   */
  read(name: string): Promise<NpyArray>
}

export interface OpenNpzOptions {
  /** What errors call the file: `npz` by default. */
  readonly name?: string
  /** Bytes that a compressed array may have where they are more than a hundred times the packed ones: 256 MiB by default. */
  readonly maxBytes?: number
}

/**
 * Opens a `.npz` file, compressed or not: arrays are read one by one, so that one of texts or objects does not stand in the
 * way of the others.
 *
 * @throws NpyError for archives that are damaged, of more than 4 GB, or something else (.pt, HDF5, a pointer of Git LFS …),
 * which is named with what to do
 * @example
 * const file = await openNpz(await readFile('train.npz'))
 * const images = await file.read('images')
 */
export async function openNpz(
  bytes: Uint8Array,
  { name: archive = 'npz', maxBytes = 256 * 2 ** 20 }: OpenNpzOptions = {},
): Promise<NpzFile> {
  const mistaken = mistakenFor(bytes.subarray(0, BEGINNING), 'numpy')
  if (mistaken !== undefined && !/^an? (archive of NumPy|ZIP|empty ZIP)/.test(mistaken))
    throw new NpyError(`${archive}: expected an archive of NumPy arrays (.npz), got ${mistaken}`)
  const files = new Map<string, ZipEntry>()
  const expected = { expected: '.npz file', error: (message: string) => new NpyError(`${archive}: ${message}`) }
  for (const file of openZip(bytes, expected)) files.set(file.name.replace(/\.npy$/, ''), file)
  const entries: [string, NpzFile['entries'][string]][] = []
  for (const [name, file] of files) {
    const beginning = await file.begin(HEADER).catch((error: unknown) => {
      if (error instanceof NpyError) return new Uint8Array() // damaged, which reading it says
      throw error
    })
    entries.push([name, describeNpy(beginning) ?? noArray])
  }
  return {
    entries: Object.fromEntries(entries),
    async read(name) {
      const file = files.get(name)
      if (file === undefined) {
        const known = [...files.keys()].slice(0, 10)
        throw new NpyError(
          `${archive}: there is no array ${JSON.stringify(name)}, but ${files.size} others: ${known.join(', ')}${files.size > 10 ? ', …' : ''}.`,
        )
      }
      if (file.size > Math.max(maxBytes, MOST_TIMES * file.packed)) {
        throw new NpyError(
          `${archive}: the ${file.packed} bytes of ${JSON.stringify(file.name)} unpack to ${file.size}, expected at most ${maxBytes} from so few. ` +
            'If that is right, allow it: openNpz(bytes, { maxBytes })',
        )
      }
      return decodeNpy(await file.read(), `${archive}: ${file.name}`)
    },
  }
}

const noArray = { dtype: 'no array', shape: [] }

/**
 * A `.npz` file as `numpy.savez` makes it, not compressed.
 *
 * @throws NpyError if the number of values of an array is not that of its shape
 */
export const encodeNpz = (arrays: Readonly<Record<string, NpyArray>>): Uint8Array =>
  zip(new Map(Object.entries(arrays).map(([name, array]) => [`${name}.npy`, encodeNpy(array)])))
