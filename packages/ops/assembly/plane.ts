import { shareStart } from './share'

/**
 * Values at positions `row · width + column` of planes: `large` is `[batch, height · width, channels]`, `small` and the
 * int32 `indices` are `[batch, count, channels]`.
 */
@unmanaged
class Plane {
  large: usize
  small: usize
  indices: usize
  batch: i32
  plane: i32 // height · width
  count: i32
  channels: i32
  adds: bool // without it the last of several values stays
}

/** Reads `small` out of `large`. */
export function gatherPlane(all: Plane, part: i32, parts: i32): void {
  const pixel = (<usize>all.channels) << 2
  const last = shareStart(all.batch * all.count, part + 1, parts)
  for (let index = shareStart(all.batch * all.count, part, parts); index < last; index++) {
    const large = all.large + <usize>((index / all.count) * all.plane) * pixel
    const at = <usize>index * pixel
    for (let c: usize = 0; c < pixel; c += 4) {
      const place = large + <usize>load<i32>(all.indices + at + c) * pixel + c
      store<f32>(all.small + at + c, load<f32>(place))
    }
  }
}

/** Writes `small` into `large`, or adds it; the rest of `large` becomes 0. */
export function scatterPlane(all: Plane, part: i32, parts: i32): void {
  const pixel = (<usize>all.channels) << 2
  const bytes = <usize>all.plane * pixel
  // Several values may have one position, so that whole images are shared out.
  const last = shareStart(all.batch, part + 1, parts)
  for (let image = shareStart(all.batch, part, parts); image < last; image++) {
    const large = all.large + <usize>image * bytes
    memory.fill(large, 0, bytes)
    const end = <usize>((image + 1) * all.count) * pixel
    for (let at = <usize>(image * all.count) * pixel; at < end; at += pixel) {
      for (let c: usize = 0; c < pixel; c += 4) {
        const place = large + <usize>load<i32>(all.indices + at + c) * pixel + c
        const value = load<f32>(all.small + at + c)
        store<f32>(place, all.adds ? load<f32>(place) + value : value)
      }
    }
  }
}
