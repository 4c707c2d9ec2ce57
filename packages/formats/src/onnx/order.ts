import { itemAt, lastItem, tuple } from '@ddnet/ops/checks'
import { atBatches, type Size } from './size.ts'

/** How a tensor is stored: axis i of what is stored is axis `order[i]` of the tensor. */
export type Order = readonly number[]

export const natural = (rank: number): Order => Array.from({ length: rank }, (_, axis) => axis)

/** ONNX's layout for images and sequences: `[batch, …, channels]` as `[batch, channels, …]`. */
export const channelsFirst = (rank: number): Order =>
  rank < 3 ? natural(rank) : [0, rank - 1, ...natural(rank).slice(1, -1)]

export const isSameOrder = (a: Order, b: Order): boolean =>
  a.length === b.length && a.every((axis, at) => axis === b[at])

/** The axes as stored, without those of size 1, whose place in memory is any. */
export const significant = (order: Order, shape: readonly Size[]): number[] => order.filter((axis) => shape[axis] !== 1)

/**
 * The order in which a tensor stored in `order` is the other shape without moving a value; undefined if there is none.
 * Both shapes are divided into blocks of neighbouring axes that hold the same values: `[batch, height, width, channels]` and
 * `[batch, height · width, channels]` have three, which may be stored in any order if each stays together.
 */
export function reshapedOrder(from: readonly Size[], to: readonly Size[], order: Order): Order | undefined {
  const stored = significant(order, from)
  const blocks = blocksOf(from, to)
  const places = blocks.map((block) => stored.indexOf(itemAt(block.from, 0)))
  const together = blocks.every((block, index) =>
    block.from.every((axis, at) => stored[itemAt(places, index) + at] === axis),
  )
  if (!together) return undefined
  const sorted = [...blocks.keys()].sort((a, b) => itemAt(places, a) - itemAt(places, b))
  const reordered = sorted.flatMap((index) => blocks[index]?.to ?? [])
  return [...natural(to.length).filter((axis) => !reordered.includes(axis)), ...reordered] // only axes of size 1 are left
}

function blocksOf(from: readonly Size[], to: readonly Size[]): { from: number[]; to: number[] }[] {
  const blocks: { from: number[]; to: number[] }[] = []
  const [left, right] = [significant(natural(from.length), from), significant(natural(to.length), to)]
  while (left.length > 0 && right.length > 0) {
    const block = { from: [left.shift() as number], to: [right.shift() as number] }
    const counts = (): [number, number][] => [product(from, block.from), product(to, block.to)]
    for (let [a, b] = tuple(counts(), 2); a[0] !== b[0] || a[1] !== b[1]; ) {
      const behind = a[0] < b[0] || (a[0] === b[0] && a[1] < b[1])
      const next = behind ? left.shift() : right.shift()
      if (next === undefined) break // shapes of different sizes do not come here
      ;(behind ? block.from : block.to).push(next)
      ;[a, b] = tuple(counts(), 2)
    }
    blocks.push(block)
  }
  // Axes of size 1 stay behind the axis that they follow.
  for (const block of blocks) {
    const last = lastItem(block.to)
    for (let axis = last + 1; axis < to.length && to[axis] === 1; axis++) block.to.push(axis)
  }
  return blocks
}

function product(shape: readonly Size[], axes: readonly number[]): [number, number] {
  const counts: [number, number] = [1, 1]
  for (const axis of axes) {
    const [first, second] = atBatches(itemAt(shape, axis))
    counts[0] *= first
    counts[1] *= second
  }
  return counts
}
