import { Optional } from './kinds'
import { shareStart } from './share'

/**
 * Max pooling of `x` into `y`, and where its maxima stand into `indices`; or its gradient: `dy` into `dx`. Taps in the
 * padding are left out. A NaN, and of several the last, is larger than any number, as in PyTorch.
 */
@unmanaged
class MaxPool {
  x: usize
  y: usize
  dy: Optional
  dx: Optional
  indices: Optional // int32; 0: not asked for
  batch: i32
  height: i32
  width: i32
  channels: i32
  outHeight: i32
  outWidth: i32
  kernelHeight: i32
  kernelWidth: i32
  strideHeight: i32
  strideWidth: i32
  top: i32
  left: i32
  dilationHeight: i32
  dilationWidth: i32
  taps: usize // scratch of each part: table of a window's offsets
}

/** Writes the offsets of a window's taps inside the image, row by row; returns how many there are. */
function window(all: MaxPool, table: usize, row: i32, column: i32): i32 {
  let count = 0
  for (let u = 0; u < all.kernelHeight; u++) {
    const y = row * all.strideHeight - all.top + u * all.dilationHeight
    if (y < 0 || y >= all.height) continue
    for (let v = 0; v < all.kernelWidth; v++) {
      const x = column * all.strideWidth - all.left + v * all.dilationWidth
      if (x < 0 || x >= all.width) continue
      store<usize>(table + ((<usize>count) << 2), (<usize>((y * all.width + x) * all.channels)) << 2)
      count++
    }
  }
  return count
}

export function maxPool(all: MaxPool, part: i32, parts: i32): void {
  const pixel = (<usize>all.channels) << 2
  const vectors = pixel & ~15
  const table = all.taps + <usize>(part * all.kernelHeight * all.kernelWidth * 4)
  // Rows of all images are shared out.
  const last = shareStart(all.batch * all.outHeight, part + 1, parts)
  for (let index = shareStart(all.batch * all.outHeight, part, parts); index < last; index++) {
    const x = all.x + <usize>((index / all.outHeight) * all.height * all.width) * pixel
    let at = <usize>(index * all.outWidth) * pixel
    for (let column = 0; column < all.outWidth; column++) {
      const end = table + ((<usize>window(all, table, index % all.outHeight, column)) << 2)
      if (all.indices) {
        pickWithIndices(x, table, end, pixel, all.y + at, all.indices + at)
      } else {
        for (let c: usize = 0; c < vectors; c += 16) {
          let largest = f32x4.splat(-Infinity)
          for (let tap = table; tap < end; tap += 4) {
            const value = v128.load(x + load<usize>(tap) + c)
            largest = v128.bitselect(value, largest, wins(value, largest))
          }
          v128.store(all.y + at + c, largest)
        }
        for (let c = vectors; c < pixel; c += 4) {
          let largest: f32 = -Infinity
          for (let tap = table; tap < end; tap += 4) {
            const value = load<f32>(x + load<usize>(tap) + c)
            if (value > largest || isNaN(value)) largest = value
          }
          store<f32>(all.y + at + c, largest)
        }
      }
      at += pixel
    }
  }
}

/** Where a value takes the maximum's place. */
function wins(value: v128, largest: v128): v128 {
  return v128.or(f32x4.gt(value, largest), f32x4.ne(value, value))
}

/** One window's maxima into `y`, and into `indices` where they stand: the first tap where all are −∞. */
function pickWithIndices(x: usize, table: usize, end: usize, pixel: usize, y: usize, indices: usize): void {
  const vectors = pixel & ~15
  for (let c: usize = 0; c < vectors; c += 16) {
    let largest = f32x4.splat(-Infinity)
    let place = i32x4.splat(load<i32>(table))
    for (let tap = table; tap < end; tap += 4) {
      const offset = load<usize>(tap)
      const value = v128.load(x + offset + c)
      const hit = wins(value, largest)
      largest = v128.bitselect(value, largest, hit)
      place = v128.bitselect(i32x4.splat(<i32>offset), place, hit)
    }
    v128.store(y + c, largest)
    // Offsets are whole pixels.
    store<i32>(indices + c, i32x4.extract_lane(place, 0) / <i32>pixel)
    store<i32>(indices + c, i32x4.extract_lane(place, 1) / <i32>pixel, 4)
    store<i32>(indices + c, i32x4.extract_lane(place, 2) / <i32>pixel, 8)
    store<i32>(indices + c, i32x4.extract_lane(place, 3) / <i32>pixel, 12)
  }
  for (let c = vectors; c < pixel; c += 4) {
    let largest: f32 = -Infinity
    let place = load<usize>(table)
    for (let tap = table; tap < end; tap += 4) {
      const value = load<f32>(x + load<usize>(tap) + c)
      if (value > largest || isNaN(value)) {
        largest = value
        place = load<usize>(tap)
      }
    }
    store<f32>(y + c, largest)
    store<i32>(indices + c, <i32>(place / pixel))
  }
}

/** Each `dy` goes to the first tap, row by row, that equals `y`; where `y` is NaN, to the last that is NaN. */
export function maxPoolGradient(all: MaxPool, part: i32, parts: i32): void {
  const pixel = (<usize>all.channels) << 2
  const vectors = pixel & ~15
  const table = all.taps + <usize>(part * all.kernelHeight * all.kernelWidth * 4)
  const imageBytes = <usize>(all.height * all.width) * pixel
  // Windows may overlap, so that whole images are shared out.
  const last = shareStart(all.batch, part + 1, parts)
  for (let image = shareStart(all.batch, part, parts); image < last; image++) {
    const x = all.x + <usize>image * imageBytes
    const dx = all.dx + <usize>image * imageBytes
    memory.fill(dx, 0, imageBytes)
    let at = <usize>(image * all.outHeight * all.outWidth) * pixel
    for (let row = 0; row < all.outHeight; row++) {
      for (let column = 0; column < all.outWidth; column++) {
        const end = table + ((<usize>window(all, table, row, column)) << 2)
        for (let c: usize = 0; c < vectors; c += 16) {
          const y = v128.load(all.y + at + c)
          let dy = v128.load(all.dy + at + c)
          if (v128.any_true(f32x4.ne(y, y))) {
            for (let lane: usize = 0; lane < 16; lane += 4)
              addToWinner(all, at + c + lane, x + c + lane, dx + c + lane, table, end)
            continue
          }
          for (let tap = table; tap < end; tap += 4) {
            const offset = load<usize>(tap) + c
            const hit = f32x4.eq(v128.load(x + offset), y)
            v128.store(dx + offset, f32x4.add(v128.load(dx + offset), v128.and(dy, hit)))
            dy = v128.andnot(dy, hit)
          }
        }
        for (let c = vectors; c < pixel; c += 4) addToWinner(all, at + c, x + c, dx + c, table, end)
        at += pixel
      }
    }
  }
}

/** Adds one `dy` to its place: `x` and `dx` are the addresses of the channel's first element. */
function addToWinner(all: MaxPool, at: usize, x: usize, dx: usize, table: usize, end: usize): void {
  const y = load<f32>(all.y + at)
  let winner = end
  for (let tap = table; tap < end; tap += 4) {
    const value = load<f32>(x + load<usize>(tap))
    if (value == y) {
      winner = tap
      break
    }
    if (isNaN(y) && isNaN(value)) winner = tap
  }
  if (winner == end) return
  const place = dx + load<usize>(winner)
  store<f32>(place, load<f32>(place) + load<f32>(all.dy + at))
}
