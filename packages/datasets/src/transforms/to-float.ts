/** Bytes 0 … 255 as floats 0 … 1; floats are left as they are, for they already have that scale. */
export function toFloat(image: Uint8Array | Float32Array): Float32Array {
  if (image instanceof Float32Array) return image
  const values = new Float32Array(image.length)
  for (let at = 0; at < values.length; at++) values[at] = (image[at] as number) / 255
  return values
}
