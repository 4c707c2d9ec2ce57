import type { HostTensor } from '@ddnet/ops'
import { type FileDtype, fileOrder, fileTypes, type HalfDtype, halfBits } from './dtypes.ts'
import { SafetensorsError } from './safetensors-error.ts'

export interface EncodeSafetensorsOptions {
  /** How float32 tensors are stored: rounded to a half-wide type, they take half the space. */
  readonly dtype?: 'float32' | HalfDtype
}

/**
 * Tensors as a safetensors file: the length of the header (8 bytes, little-endian), the header (JSON, padded with spaces
 * to a multiple of 8), the values one after the other.
 *
 * The bytes are those of the reference implementation: widest types first (I64, F32, I32, BF16, F16, U8, BOOL), then by name.
 * With several metadata entries they are written in the order given; the reference has no fixed order there.
 *
 * With `dtype` float16 or bfloat16, float32 values are rounded to nearest, ties to even, as PyTorch's `.half()` does.
 *
 * @throws SafetensorsError if a tensor's values do not fit its shape or dtype, a finite value is beyond float16's 65504, or
 *   a tensor is called `__metadata__`
 * @see https://github.com/huggingface/safetensors#format
 * @example await writeFile('model.safetensors', encodeSafetensors(await model.stateDict()))
 */
export function encodeSafetensors(
  tensors: Readonly<Record<string, HostTensor>>,
  metadata?: Readonly<Record<string, string>>,
  { dtype = 'float32' }: EncodeSafetensorsOptions = {},
): Uint8Array<ArrayBuffer> {
  const entries = Object.entries(tensors)
    .map(([name, tensor]) => {
      expectConsistent(name, tensor)
      return { name, shape: tensor.shape, ...stored(name, tensor, dtype) }
    })
    .sort((a, b) => fileOrder(a.dtype) - fileOrder(b.dtype) || compareCodePoints(a.name, b.name))
  const header: [string, unknown][] = metadata === undefined ? [] : [['__metadata__', metadata]]
  let end = 0
  for (const { name, dtype, shape, data } of entries) {
    const begin = end
    end += data.byteLength
    header.push([name, { dtype: fileTypes[dtype].name, shape, data_offsets: [begin, end] }])
  }
  const json = new TextEncoder().encode(
    // Joined by hand: an object would move names that look like integers to the front.
    `{${header.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(',')}}`,
  )
  const headerBytes = Math.ceil(json.length / 8) * 8

  const file = new Uint8Array(8 + headerBytes + end)
  new DataView(file.buffer).setBigUint64(0, BigInt(headerBytes), true)
  file.set(json, 8)
  file.fill(0x20, 8 + json.length, 8 + headerBytes)
  let at = 8 + headerBytes
  for (const { data } of entries) {
    file.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at)
    at += data.byteLength
  }
  return file
}

/** A tensor's values as the file has them. */
function stored(
  name: string,
  { dtype, data }: HostTensor,
  floats: 'float32' | HalfDtype,
): { dtype: FileDtype; data: HostTensor['data'] | Uint16Array } {
  if (dtype !== 'float32' || floats === 'float32') return { dtype, data }
  const bits = halfBits[floats](data)
  const beyond =
    floats === 'float16' ? bits.findIndex((half, at) => (half & 0x7fff) === 0x7c00 && Number.isFinite(data[at])) : -1
  if (beyond >= 0) {
    throw new SafetensorsError(`'${name}' holds ${data[beyond]}, and float16 ends at 65504. Store bfloat16 or float32.`)
  }
  return { dtype: floats, data: bits }
}

function expectConsistent(name: string, { dtype, shape, data }: HostTensor): void {
  if (name === '__metadata__') throw new SafetensorsError(`a tensor cannot be called '__metadata__'. Rename it.`)
  const count = shape.reduce((product, size) => product * size, 1)
  const { bytes } = fileTypes[dtype]
  if (data.length !== count || data.BYTES_PER_ELEMENT !== bytes) {
    throw new SafetensorsError(
      `'${name}': expected ${count} ${dtype} values for shape [${shape}], got a ${data.constructor.name} of ${data.length}.`,
    )
  }
}

/** The order of UTF-8 bytes, which is that of code points and not that of JavaScript's `<`. */
function compareCodePoints(a: string, b: string): number {
  const [left, right] = [[...a], [...b]]
  for (let at = 0; at < Math.min(left.length, right.length); at++) {
    const difference = (left[at]?.codePointAt(0) ?? 0) - (right[at]?.codePointAt(0) ?? 0)
    if (difference !== 0) return difference
  }
  return left.length - right.length
}
