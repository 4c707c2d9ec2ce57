export type Pixels = Uint8Array | Int32Array | Float32Array

/** `length` zeros of the kind that `pixels` are. */
export function zerosLike<P extends Pixels>(pixels: P, length: number): P {
  const zeros =
    pixels instanceof Float32Array
      ? new Float32Array(length)
      : pixels instanceof Int32Array
        ? new Int32Array(length)
        : new Uint8Array(length)
  return zeros as Pixels as P // the branches follow P's own kind; a Buffer becomes a plain Uint8Array
}

/** Rounds halves to the even neighbour, as Python and C do. */
export function roundHalfToEven(value: number): number {
  const floor = Math.floor(value)
  const rest = value - floor
  if (rest !== 0.5) return rest < 0.5 ? floor : floor + 1
  return floor % 2 === 0 ? floor : floor + 1
}
