import type { HostTensor } from '@ddnet/ops'
import { show } from '../show.ts'
import { fileType, fileTypes, hostTensor } from './dtypes.ts'
import { type Entry, firstBytes, headerEnd, parseHeader } from './header.ts'
import { SafetensorsError } from './safetensors-error.ts'

/**
 * The tensors and the metadata of a safetensors file. Types that the host has not become those that have their values:
 * floats of 8 and 16 bits float32, integers of 8 and 16 bits int32, U32 and U64 int64, all exactly; F64 becomes float32,
 * rounded to nearest. The values are copied: the result does not hold on to `bytes`.
 *
 * @returns `unread` says of each tensor that is not among `tensors` why: its type (C64, F4 …) or its values fit none of ours
 * @throws SafetensorsError naming what is wrong and where, for every file that the format does not allow: the header must
 *   be JSON without repeated names, and the tensors must fill the rest of the file without gaps or overlaps. What people
 *   hand in by mistake (.pt, HDF5, a pointer of Git LFS …) is named, with what to do
 * @see https://github.com/huggingface/safetensors#format
 */
export function decodeSafetensors(bytes: Uint8Array): {
  tensors: Record<string, HostTensor>
  unread: Record<string, string>
  metadata: Record<string, string>
} {
  const end = headerEnd(bytes.subarray(0, firstBytes), bytes.length)
  const { entries, metadata } = parseHeader(bytes.subarray(8, end), bytes.length)
  const tensors: [string, HostTensor][] = []
  const unread: [string, string][] = []
  for (const entry of entries) {
    const tensor = readTensor(entry, bytes.subarray(entry.begin, entry.end))
    if (typeof tensor === 'string') unread.push([entry.name, tensor])
    else tensors.push([entry.name, tensor])
  }
  return { tensors: Object.fromEntries(tensors), unread: Object.fromEntries(unread), metadata }
}

/** The tensor of an entry, a copy of its `bytes`. @throws SafetensorsError naming it, where its type or values are not read */
export function tensorOf(entry: Entry, bytes: Uint8Array): HostTensor {
  const tensor = readTensor(entry, bytes)
  if (typeof tensor !== 'string') return tensor
  throw new SafetensorsError(`'${entry.name}' cannot be read: ${tensor}`)
}

/** A text says why not. */
function readTensor({ code, shape }: Entry, bytes: Uint8Array): HostTensor | string {
  const known = fileType(code)
  if (known === undefined) {
    const names = Object.values(fileTypes).map(({ name }) => name)
    return `its dtype is ${show(code)}, and ${names.join(', ')} are read. Convert it before saving it.`
  }
  // Not bytes.slice: Node's Buffer overrides it with one that copies nothing.
  return hostTensor(known.type, shape, new Uint8Array(bytes).buffer)
}
