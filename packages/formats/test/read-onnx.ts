import { itemAt } from '@ddnet/testing'

/** A message's fields by number: numbers of varints, bytes of everything else. */
type Fields = Map<number, (number | Uint8Array)[]>

const text = (bytes: unknown): string => new TextDecoder().decode(bytes as Uint8Array)

/** The smallest reader of protocol buffers, so that the tests of our writer do not rest on it. */
function readFields(bytes: Uint8Array): Fields {
  const fields: Fields = new Map()
  let at = 0
  const varint = (): number => {
    let value = 0n
    for (let shift = 0n; ; shift += 7n) {
      const byte = itemAt(bytes, at++)
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return Number(BigInt.asIntN(64, value))
    }
  }
  const take = (size: number): Uint8Array => {
    at += size
    return bytes.subarray(at - size, at)
  }
  while (at < bytes.length) {
    const key = varint()
    const read = new Map([
      [0, varint],
      [1, () => take(8)],
      [2, () => take(varint())],
      [5, () => take(4)],
    ] as [number, () => number | Uint8Array][])
    const value = read.get(key & 7)?.()
    if (value === undefined) throw new Error(`field ${key >> 3} has the wire type ${key & 7}`)
    fields.set(key >> 3, [...(fields.get(key >> 3) ?? []), value])
  }
  return fields
}

const all = (fields: Fields, field: number): Uint8Array[] => (fields.get(field) ?? []) as Uint8Array[]
const one = (fields: Fields, field: number): Fields => readFields(itemAt(all(fields, field), 0))

/** A packed list of int64. */
function integers(bytes: Uint8Array | undefined): number[] {
  const values: number[] = []
  let value = 0
  let scale = 1
  for (const byte of bytes ?? []) {
    value += (byte & 0x7f) * scale
    scale *= 128
    if (byte < 0x80) {
      values.push(value)
      value = 0
      scale = 1
    }
  }
  return values
}

export interface OnnxFile {
  readonly opset: number
  readonly metadata: Record<string, string>
  readonly nodes: { type: string; name: string; inputs: string[]; outputs: string[] }[]
  readonly weights: Record<string, { type: number; shape: number[]; bytes: Uint8Array }>
  readonly inputs: Record<string, (number | string)[]>
  readonly outputs: Record<string, (number | string)[]>
}

export function readOnnx(file: Uint8Array): OnnxFile {
  const model = readFields(file)
  const graph = one(model, 7)
  const shapes = (field: number) =>
    Object.fromEntries(
      all(graph, field)
        .map(readFields)
        .map((value) => {
          const sizes = all(one(one(one(value, 2), 1), 2), 1).map(readFields)
          return [text(all(value, 1)[0]), sizes.map((size) => (size.get(1)?.[0] as number) ?? text(all(size, 2)[0]))]
        }),
    )
  return {
    opset: one(model, 8).get(2)?.[0] as number,
    metadata: Object.fromEntries(
      all(model, 14)
        .map(readFields)
        .map((entry) => [text(all(entry, 1)[0]), text(all(entry, 2)[0])]),
    ),
    nodes: all(graph, 1)
      .map(readFields)
      .map((node) => ({
        type: text(all(node, 4)[0]),
        name: text(all(node, 3)[0]),
        inputs: all(node, 1).map(text),
        outputs: all(node, 2).map(text),
      })),
    weights: Object.fromEntries(
      all(graph, 5)
        .map(readFields)
        .map((tensor) => [
          text(all(tensor, 8)[0]),
          {
            type: tensor.get(2)?.[0] as number,
            shape: integers(all(tensor, 1)[0]),
            bytes: itemAt(all(tensor, 9), 0),
          },
        ]),
    ),
    inputs: shapes(11),
    outputs: shapes(12),
  }
}
