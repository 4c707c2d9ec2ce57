import { shareStart } from './share'

/**
 * Channels to pixels or back: images `low` of `rows` (of all images) `× width` pixels with `channels · factor²` values,
 * channel by channel, and images `high` with `factor · factor` pixels for each of those.
 */
@unmanaged
class PixelShuffle {
  low: usize
  high: usize
  rows: i32
  width: i32
  channels: i32
  factor: i32
}

export function pixelShuffle(all: PixelShuffle, part: i32, parts: i32): void {
  const last = shareStart(all.rows * all.width, part + 1, parts)
  for (let pixel = shareStart(all.rows * all.width, part, parts); pixel < last; pixel++) move(all, pixel, true)
}

export function pixelUnshuffle(all: PixelShuffle, part: i32, parts: i32): void {
  const last = shareStart(all.rows * all.width, part + 1, parts)
  for (let pixel = shareStart(all.rows * all.width, part, parts); pixel < last; pixel++) move(all, pixel, false)
}

/** The values of one pixel of `low`: `up` to those of `high`, or back. */
function move(all: PixelShuffle, pixel: i32, up: bool): void {
  const factor = <usize>all.factor
  const square = (factor * factor) << 2 // bytes of one channel of low
  const channels = <usize>all.channels
  const run = channels << 2 // bytes of a pixel of high
  const rowBytes = <usize>all.width * factor * run
  const low = all.low + <usize>pixel * channels * square
  const row = pixel / all.width
  const high = all.high + <usize>row * factor * rowBytes + <usize>(pixel - row * all.width) * factor * run
  const quads: usize = factor == 2 ? run & ~15 : 0
  for (let c: usize = 0; c < quads; c += 16) {
    const a = low + (c << 2)
    const b = high + c
    if (up) transpose(a, a + 16, a + 32, a + 48, b, b + run, b + rowBytes, b + rowBytes + run)
    else transpose(b, b + run, b + rowBytes, b + rowBytes + run, a, a + 16, a + 32, a + 48)
  }
  for (let i: usize = 0; i < factor; i++) {
    for (let j: usize = 0; j < factor; j++) {
      let a = low + ((i * factor + j) << 2) + (quads >> 2) * square
      const start = high + i * rowBytes + j * run
      for (let b = start + quads; b < start + run; b += 4) {
        if (up) store<f32>(b, load<f32>(a))
        else store<f32>(a, load<f32>(b))
        a += square
      }
    }
  }
}

/** Four vectors as the rows of a matrix, written as its columns. */
function transpose(a: usize, b: usize, c: usize, d: usize, toA: usize, toB: usize, toC: usize, toD: usize): void {
  const one = v128.load(a)
  const two = v128.load(b)
  const three = v128.load(c)
  const four = v128.load(d)
  const lowAB = v128.shuffle<f32>(one, two, 0, 4, 1, 5)
  const lowCD = v128.shuffle<f32>(three, four, 0, 4, 1, 5)
  const highAB = v128.shuffle<f32>(one, two, 2, 6, 3, 7)
  const highCD = v128.shuffle<f32>(three, four, 2, 6, 3, 7)
  v128.store(toA, v128.shuffle<f32>(lowAB, lowCD, 0, 1, 4, 5))
  v128.store(toB, v128.shuffle<f32>(lowAB, lowCD, 2, 3, 6, 7))
  v128.store(toC, v128.shuffle<f32>(highAB, highCD, 0, 1, 4, 5))
  v128.store(toD, v128.shuffle<f32>(highAB, highCD, 2, 3, 6, 7))
}
