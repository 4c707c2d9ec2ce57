/**
 * Writes one message of protocol buffers: fields by number, in the order of the calls.
 * @see https://protobuf.dev/programming-guides/encoding
 */
export class Message {
  readonly #chunks: Uint8Array[] = []
  #length = 0

  /** The size in bytes. */
  get length(): number {
    return this.#length
  }

  /** An int64 or an enum. */
  integer(field: number, value: number): this {
    return this.#varint(field << 3).#varint(value)
  }

  /** Several int64, packed. */
  integers(field: number, values: readonly number[]): this {
    const packed = new Message()
    for (const value of values) packed.#varint(value)
    return this.message(field, packed)
  }

  /** A float32. */
  float(field: number, value: number): this {
    const bytes = new Uint8Array(4)
    new DataView(bytes.buffer).setFloat32(0, value, true)
    return this.#varint((field << 3) | 5).#append(bytes)
  }

  text(field: number, value: string): this {
    return this.bytes(field, new TextEncoder().encode(value))
  }

  /** Not copied until `join`. */
  bytes(field: number, value: Uint8Array): this {
    return this.#varint((field << 3) | 2)
      .#varint(value.length)
      .#append(value)
  }

  message(field: number, { length, chunks }: Message): this {
    this.#varint((field << 3) | 2).#varint(length)
    for (const chunk of chunks) this.#append(chunk)
    return this
  }

  messages(field: number, values: Iterable<Message>): this {
    for (const value of values) this.message(field, value)
    return this
  }

  /** The message as one array. */
  join(): Uint8Array<ArrayBuffer> {
    const joined = new Uint8Array(this.#length)
    let at = 0
    for (const chunk of this.#chunks) {
      joined.set(chunk, at)
      at += chunk.length
    }
    return joined
  }

  get chunks(): readonly Uint8Array[] {
    return this.#chunks
  }

  /** Seven bits a byte, the lowest first; a negative number as its 64-bit two's complement. */
  #varint(value: number): this {
    const bytes: number[] = []
    let rest = BigInt.asUintN(64, BigInt(value))
    for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80)
    bytes.push(Number(rest))
    return this.#append(Uint8Array.from(bytes))
  }

  #append(bytes: Uint8Array): this {
    this.#chunks.push(bytes)
    this.#length += bytes.length
    return this
  }
}
