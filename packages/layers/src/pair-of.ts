import type { Pair, Size } from '@ddnet/ops'

/** Height and width of what one number says for both. */
export const pairOf = (size: Size): Pair => (typeof size === 'number' ? [size, size] : size)
