const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1
  return value
})

/** CRC-32 of bytes, as PNG and ZIP have it: by zlib in Node, which is 15 times as fast, and by a table in browsers. */
export function crc32(bytes: Uint8Array): number {
  const zlib = globalThis.process?.getBuiltinModule?.('node:zlib')
  if (zlib?.crc32 !== undefined) return zlib.crc32(bytes)
  let crc = 0xffffffff
  // `for … of` takes four times as long; both places are within bounds.
  for (let at = 0; at < bytes.length; at++) crc = (TABLE[(crc ^ (bytes[at] ?? 0)) & 255] ?? 0) ^ (crc >>> 8)
  return ~crc >>> 0
}
