import type { HostTensor } from '@ddnet/ops'
import { fromBfloat16, fromFloat16, toBfloat16, toFloat16 } from '../float16.ts'

/** What a file may hold: the host's types, and the half-wide floats that are float32 on the host. */
export type FileDtype = HostTensor['dtype'] | HalfDtype

export type HalfDtype = 'float16' | 'bfloat16'

interface FileType {
  /** The name in the file. */
  readonly name: string
  readonly bytes: number
  /** The type of the values on the host. */
  readonly host: HostTensor['dtype']
  /** Values of a whole, aligned buffer. */
  readonly read: (buffer: ArrayBuffer) => HostTensor['data']
}

/** What each type is in a file. The order is the file's: widest first, so that every tensor is aligned. */
export const fileTypes: Record<FileDtype, FileType> = {
  int64: { name: 'I64', bytes: 8, host: 'int64', read: (buffer) => new BigInt64Array(buffer) },
  float32: { name: 'F32', bytes: 4, host: 'float32', read: (buffer) => new Float32Array(buffer) },
  int32: { name: 'I32', bytes: 4, host: 'int32', read: (buffer) => new Int32Array(buffer) },
  bfloat16: { name: 'BF16', bytes: 2, host: 'float32', read: (buffer) => fromBfloat16(new Uint16Array(buffer)) },
  float16: { name: 'F16', bytes: 2, host: 'float32', read: (buffer) => fromFloat16(new Uint16Array(buffer)) },
  uint8: { name: 'U8', bytes: 1, host: 'uint8', read: (buffer) => new Uint8Array(buffer) },
  bool: { name: 'BOOL', bytes: 1, host: 'bool', read: (buffer) => new Uint8Array(buffer) },
}

export const halfBits: Record<HalfDtype, (values: Float32Array) => Uint16Array> = {
  float16: toFloat16,
  bfloat16: toBfloat16,
}

const fileDtypes = Object.keys(fileTypes) as FileDtype[]

/** Position of a type in a file. */
export const fileOrder = (dtype: FileDtype): number => fileDtypes.indexOf(dtype)

/** The type called `name` in files; undefined for the many that files may hold and we do not. */
export const fileDtype = (name: string): FileDtype | undefined =>
  fileDtypes.find((dtype) => fileTypes[dtype].name === name)
