import type { HostTensor } from '@ddnet/ops'
import { fromFloat8E4M3, fromFloat8E5M2 } from '../float8.ts'
import { fromBfloat16, fromFloat16, toBfloat16, toFloat16 } from '../float16.ts'

/** What is written to files: the host's types, and the half-wide floats that are float32 on the host. */
export type FileDtype = HostTensor['dtype'] | HalfDtype

export type HalfDtype = 'float16' | 'bfloat16'

/** What is read as well, as a type of the host that has its values. */
type ReadDtype =
  | FileDtype
  | 'float64'
  | 'uint64'
  | 'uint32'
  | 'uint16'
  | 'int16'
  | 'int8'
  | 'float8_e4m3'
  | 'float8_e5m2'

interface FileType {
  /** The name in the file. */
  readonly name: string
  readonly bytes: number
  /** The type of the values on the host. */
  readonly host: HostTensor['dtype']
  /** Values of a whole, aligned buffer; a text where the host's type has not all of them. */
  readonly read: (buffer: ArrayBuffer) => HostTensor['data'] | string
}

/** What each type is in a file. The order is the file's: widest first, so that every tensor is aligned. */
export const fileTypes: Record<ReadDtype, FileType> = {
  uint64: { name: 'U64', bytes: 8, host: 'int64', read: signed },
  int64: { name: 'I64', bytes: 8, host: 'int64', read: (buffer) => new BigInt64Array(buffer) },
  float64: { name: 'F64', bytes: 8, host: 'float32', read: narrowed },
  float32: { name: 'F32', bytes: 4, host: 'float32', read: (buffer) => new Float32Array(buffer) },
  uint32: {
    name: 'U32',
    bytes: 4,
    host: 'int64',
    read: (buffer) => BigInt64Array.from(new Uint32Array(buffer), BigInt),
  },
  int32: { name: 'I32', bytes: 4, host: 'int32', read: (buffer) => new Int32Array(buffer) },
  bfloat16: { name: 'BF16', bytes: 2, host: 'float32', read: (buffer) => fromBfloat16(new Uint16Array(buffer)) },
  float16: { name: 'F16', bytes: 2, host: 'float32', read: (buffer) => fromFloat16(new Uint16Array(buffer)) },
  uint16: { name: 'U16', bytes: 2, host: 'int32', read: (buffer) => Int32Array.from(new Uint16Array(buffer)) },
  int16: { name: 'I16', bytes: 2, host: 'int32', read: (buffer) => Int32Array.from(new Int16Array(buffer)) },
  float8_e4m3: { name: 'F8_E4M3', bytes: 1, host: 'float32', read: (buffer) => fromFloat8E4M3(new Uint8Array(buffer)) },
  float8_e5m2: { name: 'F8_E5M2', bytes: 1, host: 'float32', read: (buffer) => fromFloat8E5M2(new Uint8Array(buffer)) },
  int8: { name: 'I8', bytes: 1, host: 'int32', read: (buffer) => Int32Array.from(new Int8Array(buffer)) },
  uint8: { name: 'U8', bytes: 1, host: 'uint8', read: (buffer) => new Uint8Array(buffer) },
  bool: { name: 'BOOL', bytes: 1, host: 'bool', read: (buffer) => new Uint8Array(buffer) },
}

/** The values of a whole, aligned buffer as a tensor of the host's; a text where the host's type has not all of them. */
export function hostTensor(
  { host, read }: FileType,
  shape: readonly number[],
  buffer: ArrayBuffer,
): HostTensor | string {
  const data = read(buffer)
  if (typeof data === 'string') return `${data}. Convert it before saving it.`
  return { dtype: host, shape: [...shape], data } as HostTensor // one row gave the dtype and the data
}

/** Rounded to nearest, ties to even, as PyTorch's `.float()` does. */
function narrowed(buffer: ArrayBuffer): Float32Array | string {
  const wide = new Float64Array(buffer)
  const narrow = Float32Array.from(wide)
  const beyond = narrow.findIndex((value, at) => !Number.isFinite(value) && Number.isFinite(wide[at]))
  return beyond < 0 ? narrow : `it holds ${wide[beyond]}, and float32 ends at 3.4e38`
}

function signed(buffer: ArrayBuffer): BigInt64Array | string {
  const beyond = new BigInt64Array(buffer).findIndex((value) => value < 0n)
  return beyond < 0
    ? new BigInt64Array(buffer)
    : `it holds ${new BigUint64Array(buffer)[beyond]}, and int64 ends at 2^63 − 1`
}

export const halfBits: Record<HalfDtype, (values: Float32Array) => Uint16Array> = {
  float16: toFloat16,
  bfloat16: toBfloat16,
}

const fileDtypes = Object.keys(fileTypes) as ReadDtype[]

/** Position of a type in a file. */
export const fileOrder = (dtype: FileDtype): number => fileDtypes.indexOf(dtype)

/** The type called `name` in files; undefined for those that we do not read. */
export const fileType = (name: string): { readonly dtype: ReadDtype; readonly type: FileType } | undefined => {
  const dtype = fileDtypes.find((each) => fileTypes[each].name === name)
  return dtype && { dtype, type: fileTypes[dtype] }
}
