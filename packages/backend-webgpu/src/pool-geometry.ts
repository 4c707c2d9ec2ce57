export type Pair = readonly [number, number]

/** What `@ddnet/ops` gives its max pooling operators and their gradients. */
export interface PoolGeometry {
  readonly kernelSize: Pair
  readonly stride: Pair
  readonly padding: readonly [Pair, Pair]
  readonly dilation: Pair
}
