import { Bytes } from './kinds'
import { shareStart } from './share'

/** Repeats each of `outer` blocks `repeats` times. */
@unmanaged
class Tile {
  x: usize
  y: usize
  outer: i32
  repeats: i32
  block: Bytes
}

export function tile(all: Tile, part: i32, parts: i32): void {
  const block = all.block
  const vectors = block & ~15
  const last = shareStart(all.outer * all.repeats, part + 1, parts)
  for (let index = shareStart(all.outer * all.repeats, part, parts); index < last; index++) {
    const from = all.x + <usize>(index / all.repeats) * block
    const to = all.y + <usize>index * block
    if (block > 1024) {
      memory.copy(to, from, block)
      continue
    }
    for (let i: usize = 0; i < vectors; i += 16) v128.store(to + i, v128.load(from + i))
    for (let i = vectors; i < block; i++) store<u8>(to + i, load<u8>(from + i))
  }
}
