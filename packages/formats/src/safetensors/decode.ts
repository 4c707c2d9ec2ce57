import type { HostTensor } from '@ddnet/ops'
import { fileTypes } from './dtypes.ts'
import { type Entry, headerEnd, parseHeader } from './header.ts'

/**
 * The tensors and the metadata of a safetensors file; float16 and bfloat16 become float32.
 * The values are copied: the result does not hold on to `bytes`.
 *
 * @throws SafetensorsError naming what is wrong and where, for every file that the format does not allow: the header must
 *   be JSON without repeated names, and the tensors must fill the rest of the file without gaps or overlaps
 * @see https://github.com/huggingface/safetensors#format
 */
export function decodeSafetensors(bytes: Uint8Array): {
  tensors: Record<string, HostTensor>
  metadata: Record<string, string>
} {
  const end = headerEnd(bytes.subarray(0, 8), bytes.length)
  const { entries, metadata } = parseHeader(bytes.subarray(8, end), bytes.length)
  const tensors = entries.map((entry) => [entry.name, tensorOf(entry, bytes.subarray(entry.begin, entry.end))])
  return { tensors: Object.fromEntries(tensors), metadata }
}

/** The tensor of an entry, a copy of its `bytes`. */
export function tensorOf({ dtype, shape }: Entry, bytes: Uint8Array): HostTensor {
  // Not bytes.slice: Node's Buffer overrides it with one that copies nothing.
  const { host, read } = fileTypes[dtype]
  return { dtype: host, shape, data: read(new Uint8Array(bytes).buffer) } as HostTensor // one row gave the dtype and the data
}
