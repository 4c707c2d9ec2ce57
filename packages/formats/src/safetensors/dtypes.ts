import type { HostTensor } from '@ddnet/ops'

type HostType = HostTensor['dtype']

interface FileType {
  /** The name in the file. */
  readonly name: string
  readonly bytes: number
  /** Values over a whole, aligned buffer. */
  readonly view: (buffer: ArrayBuffer) => HostTensor['data']
}

/** What each host type is in a file. The order is the file's: widest first, so that every tensor is aligned. */
export const fileTypes: Record<HostType, FileType> = {
  int64: { name: 'I64', bytes: 8, view: (buffer) => new BigInt64Array(buffer) },
  float32: { name: 'F32', bytes: 4, view: (buffer) => new Float32Array(buffer) },
  int32: { name: 'I32', bytes: 4, view: (buffer) => new Int32Array(buffer) },
  uint8: { name: 'U8', bytes: 1, view: (buffer) => new Uint8Array(buffer) },
  bool: { name: 'BOOL', bytes: 1, view: (buffer) => new Uint8Array(buffer) },
}

/** Position of a host type in a file. */
export const fileOrder = (dtype: HostType): number => Object.keys(fileTypes).indexOf(dtype)

/** The host type called `name` in files; undefined for the many that files may hold and we do not. */
export const hostType = (name: string): HostType | undefined =>
  (Object.keys(fileTypes) as HostType[]).find((dtype) => fileTypes[dtype].name === name)
