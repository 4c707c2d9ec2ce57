interface NpyTypes {
  bool: Uint8Array
  uint8: Uint8Array
  int8: Int8Array
  uint16: Uint16Array
  int16: Int16Array
  uint32: Uint32Array
  int32: Int32Array
  uint64: BigUint64Array
  int64: BigInt64Array
  float32: Float32Array
  float64: Float64Array
}

/** A NumPy array on the host, row by row, the first axis outermost. */
export type NpyArray = {
  [D in keyof NpyTypes]: { readonly dtype: D; readonly shape: readonly number[]; readonly data: NpyTypes[D] }
}[keyof NpyTypes]

export type NpyDtype = NpyArray['dtype']

interface FileType {
  /** NumPy's code without the byte order. */
  readonly code: string
  readonly bytes: number
  /** Values over a whole, aligned buffer. */
  readonly view: (buffer: ArrayBuffer) => NpyArray['data']
}

export const npyTypes: Readonly<Record<NpyDtype, FileType>> = {
  bool: { code: 'b1', bytes: 1, view: (buffer) => new Uint8Array(buffer) },
  uint8: { code: 'u1', bytes: 1, view: (buffer) => new Uint8Array(buffer) },
  int8: { code: 'i1', bytes: 1, view: (buffer) => new Int8Array(buffer) },
  uint16: { code: 'u2', bytes: 2, view: (buffer) => new Uint16Array(buffer) },
  int16: { code: 'i2', bytes: 2, view: (buffer) => new Int16Array(buffer) },
  uint32: { code: 'u4', bytes: 4, view: (buffer) => new Uint32Array(buffer) },
  int32: { code: 'i4', bytes: 4, view: (buffer) => new Int32Array(buffer) },
  uint64: { code: 'u8', bytes: 8, view: (buffer) => new BigUint64Array(buffer) },
  int64: { code: 'i8', bytes: 8, view: (buffer) => new BigInt64Array(buffer) },
  float32: { code: 'f4', bytes: 4, view: (buffer) => new Float32Array(buffer) },
  float64: { code: 'f8', bytes: 8, view: (buffer) => new Float64Array(buffer) },
}

export const countOf = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1)
