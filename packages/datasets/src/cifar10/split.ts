/** Decoded images `[count, 32, 32, 3]` and their labels, a byte each. */
export interface Split {
  readonly images: Uint8Array
  readonly labels: Uint8Array
}

export interface Splits {
  readonly train: Split
  readonly test: Split
}
