import type { HostTensor } from '@ddnet/ops'
import { fileOrder, fileTypes } from './dtypes.ts'
import { SafetensorsError } from './safetensors-error.ts'

/**
 * Tensors as a safetensors file: the length of the header (8 bytes, little-endian), the header (JSON, padded with spaces
 * to a multiple of 8), the values one after the other.
 *
 * The bytes are those of the reference implementation: widest types first (I64, F32, I32, U8, BOOL), then by name.
 * With several metadata entries they are written in the order given; the reference has no fixed order there.
 *
 * @throws SafetensorsError if a tensor's values do not fit its shape or dtype, or it is called `__metadata__`
 * @see https://github.com/huggingface/safetensors#format
 * @example await writeFile('model.safetensors', encodeSafetensors(await model.stateDict()))
 */
export function encodeSafetensors(
  tensors: Readonly<Record<string, HostTensor>>,
  metadata?: Readonly<Record<string, string>>,
): Uint8Array<ArrayBuffer> {
  const entries = Object.entries(tensors).sort(
    ([name, tensor], [otherName, other]) =>
      fileOrder(tensor.dtype) - fileOrder(other.dtype) || compareCodePoints(name, otherName),
  )
  const header: [string, unknown][] = metadata === undefined ? [] : [['__metadata__', metadata]]
  let end = 0
  for (const [name, tensor] of entries) {
    expectConsistent(name, tensor)
    const begin = end
    end += tensor.data.byteLength
    header.push([name, { dtype: fileTypes[tensor.dtype].name, shape: tensor.shape, data_offsets: [begin, end] }])
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
  for (const [, { data }] of entries) {
    file.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at)
    at += data.byteLength
  }
  return file
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
