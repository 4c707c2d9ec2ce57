import type { HostTensor } from '@ddnet/ops'
import { fileSource } from '#file-source'
import { type ByteSource, blobSource, urlSource } from './byte-source.ts'
import { tensorOf } from './decode.ts'
import { canBegin, firstBytes, headerEnd, parseHeader } from './header.ts'
import { SafetensorsError } from './safetensors-error.ts'

/** A safetensors file of which only the header was read. */
export interface SafetensorsFile {
  /** What the file holds, by name, in the file's own types: also those that cannot be read, by the file's name (`C64`). */
  readonly entries: Readonly<Record<string, { readonly dtype: string; readonly shape: readonly number[] }>>
  readonly metadata: Readonly<Record<string, string>>
  /**
   * Reads one tensor, and nothing else of the file, as a type that the host has (see `decodeSafetensors`).
   * @throws SafetensorsError if there is none of that name, or its dtype is none that is read
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
    let first = await bytes.read(0, Math.min(8, bytes.size))
    if (!canBegin(first, bytes.size)) first = await bytes.read(0, Math.min(firstBytes, bytes.size)) // to say what it is
    const end = headerEnd(first, bytes.size)
    const { entries, metadata } = parseHeader(await bytes.read(8, end), bytes.size)
    const byName = new Map(entries.map((entry) => [entry.name, entry]))
    return {
      entries: Object.fromEntries(entries.map(({ name, dtype, shape }) => [name, { dtype, shape }])),
      metadata,
      async read(name) {
        const entry = byName.get(name)
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
