/**
 * WGSL of an integer for a value's 32 bits `word`, so that integers are ordered as values are: WGSL may compare floats as
 * if there were no NaN, and subnormal ones as zeros. Both zeros are one.
 *
 * @param nan where NaN stands: as the largest of all, as the least, or as +Infinity
 */
export function keyOf(dtype: string, nan: 'largest' | 'least' | 'infinity'): string {
  if (dtype !== 'float32') return 'return word;'
  const keys = { largest: '0x7fffffff', least: '-2147483647 - 1', infinity: '0x7f800000' } as const
  return /* wgsl */ `
  let magnitude = word & 0x7fffffff;
  if (magnitude > 0x7f800000) { return ${keys[nan]}; }
  return select(word ^ ((word >> 31u) & 0x7fffffff), 0, magnitude == 0);`
}

/** WGSL of the bits of a value from its key, but for the sign of a zero; NaN, largest or least, comes back as one. */
export const wordOf = (dtype: string): string =>
  dtype === 'float32' ? 'return key ^ ((key >> 31u) & 0x7fffffff);' : 'return key;'
