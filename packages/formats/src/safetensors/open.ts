import type { HostTensor } from '@ddnet/ops'
import { fileSource } from '#file-source'
import { type ByteSource, blobSource, urlSource } from './byte-source.ts'
import { tensorOf } from './decode.ts'
import type { FileDtype } from './dtypes.ts'
import { headerEnd, parseHeader } from './header.ts'
import { SafetensorsError } from './safetensors-error.ts'

/** A safetensors file of which only the header was read. */
export interface SafetensorsFile {
  /** What the file holds, by name, in the file's own types. */
  readonly entries: Readonly<Record<string, { readonly dtype: FileDtype; readonly shape: readonly number[] }>>
  readonly metadata: Readonly<Record<string, string>>
  /**
   * Reads one tensor, and nothing else of the file; float16 and bfloat16 become float32.
   * @throws SafetensorsError if there is none of that name
   */
  read(name: string): Promise<HostTensor>
  close(): Promise<void>
}

/**
 * Opens a safetensors file to read single tensors of it, however large it is.
 *
 * @param source a path or a `file:` URL (in Node), a `Blob`, or an `http(s):` URL whose server answers range requests
 * @throws SafetensorsError for every file that the format does not allow, as `decodeSafetensors`
 * @example
 * const file = await openSafetensors('model.safetensors')
 * const { data, shape } = await file.read('encoder.0.conv.weight')
 * await file.close()
 */
export async function openSafetensors(source: string | URL | Blob): Promise<SafetensorsFile> {
  const bytes = await sourceOf(source)
  try {
    const end = headerEnd(await bytes.read(0, Math.min(8, bytes.size)), bytes.size)
    const { entries, metadata } = parseHeader(await bytes.read(8, end), bytes.size)
    return {
      entries: Object.fromEntries(entries.map(({ name, dtype, shape }) => [name, { dtype, shape }])),
      metadata,
      async read(name) {
        const entry = entries.find((each) => each.name === name)
        if (entry === undefined) {
          const known = entries.slice(0, 10).map((each) => each.name)
          throw new SafetensorsError(
            `there is no tensor '${name}', but ${entries.length} others: ${known.join(', ')}${entries.length > 10 ? ', …' : ''}.`,
          )
        }
        return tensorOf(entry, await bytes.read(entry.begin, entry.end))
      },
      close: () => bytes.close(),
    }
  } catch (error) {
    await bytes.close()
    throw error
  }
}

async function sourceOf(source: string | URL | Blob): Promise<ByteSource> {
  if (source instanceof Blob) return blobSource(source)
  if (source instanceof URL && source.protocol !== 'file:') return urlSource(source)
  return fileSource(source)
}
