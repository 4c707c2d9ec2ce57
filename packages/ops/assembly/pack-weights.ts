import { Bytes } from './kinds'
import { shareStart } from './share'

/** A filter `[kernelHeight · kernelWidth, inner × outer]` and where its taps go in `[outer / 8][tap][inner][8]`. */
@unmanaged
class Packing {
  filter: usize
  packed: usize
  taps: i32
  sources: usize // table: which tap of the filter comes at each place
  inner: i32
  outer: i32
  innerStep: Bytes
  outerStep: Bytes
}

/** Packs weights in blocks of eight outer channels, zeros beyond the last. */
export function packWeights(all: Packing, part: i32, parts: i32): void {
  const blocks = (all.outer + 7) >> 3
  const tapBytes = (<usize>(all.inner * all.outer)) << 2
  const lastBlock = shareStart(blocks, part + 1, parts)
  for (let block = shareStart(blocks, part, parts); block < lastBlock; block++) {
    let to = all.packed + <usize>block * <usize>(all.taps * all.inner) * 32
    const width = min(8, all.outer - (block << 3))
    for (let tap = 0; tap < all.taps; tap++) {
      let from =
        all.filter +
        <usize>load<i32>(all.sources + ((<usize>tap) << 2)) * tapBytes +
        ((<usize>block) << 3) * all.outerStep
      for (let k = 0; k < all.inner; k++) {
        if (width == 8 && all.outerStep == 4) {
          v128.store(to, v128.load(from))
          v128.store(to, v128.load(from, 16), 16)
        } else {
          if (width < 8) {
            v128.store(to, f32x4.splat(0))
            v128.store(to, f32x4.splat(0), 16)
          }
          let at = from
          for (let c: usize = 0; c < <usize>width; c++) {
            store<f32>(to + (c << 2), load<f32>(at))
            at += all.outerStep
          }
        }
        to += 32
        from += all.innerStep
      }
    }
  }
}
