import { Bytes } from './kinds'
import { multiplyAdd } from './multiply-add'
import { Padded, pad } from './pad'
import { shareStart } from './share'

/**
 * A convolution over a table of taps: forward, input gradient and transposed convolution alike. Each phase is one grid of
 * output pixels that see the same taps; a forward convolution has one phase, a transposed one has one for each output
 * phase of its stride. All steps, offsets and runs are in bytes.
 */
@unmanaged
class Convolution {
  output: usize
  imageStep: Bytes // of the output
  outChannels: i32
  batch: i32
  phases: i32
  phase: Phase // the first of the table
  panel: i32 // taps whose weights stay in the first-level cache
  tail: usize // scratch of each part for the channels beyond the last multiple of 8, [pixels][8]
  tailStep: Bytes // from part to part
  padded: Padded
}

@unmanaged
class Phase {
  rows: i32
  columns: i32
  inputRow: Bytes
  inputColumn: Bytes
  output: Bytes // offset of the first pixel in the output image
  outputRow: Bytes
  outputColumn: Bytes
  taps: i32
  offsets: usize // table of the taps' offsets
  run: Bytes // of each tap
  weights: usize // [outChannels / 8][tap][run][8]
}

/** Computes share `part` of the images, or of the channel blocks where there are fewer images than parts. */
export function convolve(all: Convolution, part: i32, parts: i32): void {
  const padded = all.padded
  const blocks = (all.outChannels + 7) >> 3
  const byImage = all.batch >= parts
  const firstImage = byImage ? shareStart(all.batch, part, parts) : 0
  const lastImage = byImage ? shareStart(all.batch, part + 1, parts) : all.batch
  const firstBlock = byImage ? 0 : shareStart(blocks, part, parts)
  const lastBlock = byImage ? blocks : shareStart(blocks, part + 1, parts)
  if (firstBlock == lastBlock) return
  for (let image = firstImage; image < lastImage; image++) {
    const input = pad(padded, image, part, image == firstImage)
    const output = all.output + <usize>image * all.imageStep
    for (let index = 0; index < all.phases; index++) {
      const phase = changetype<Phase>(changetype<usize>(all.phase) + <usize>index * offsetof<Phase>())
      for (let block = firstBlock; block < lastBlock; block++) {
        const width = all.outChannels - (block << 3)
        if (width >= 8) {
          const to = output + phase.output + ((<usize>block) << 5)
          convolveBlock(phase, input, block, all.panel, to, phase.outputRow, phase.outputColumn)
        } else {
          const tail = all.tail + <usize>part * all.tailStep
          convolveBlock(phase, input, block, all.panel, tail, (<usize>phase.columns) << 5, 32)
          copyTail(phase, tail, output + phase.output + ((<usize>block) << 5), width)
        }
      }
    }
  }
}

function copyTail(phase: Phase, tail: usize, output: usize, width: i32): void {
  for (let row = 0; row < phase.rows; row++) {
    let to = output + <usize>row * phase.outputRow
    for (let column = 0; column < phase.columns; column++) {
      for (let c: usize = 0; c < <usize>width; c++) store<f32>(to + (c << 2), load<f32>(tail + (c << 2)))
      tail += 32
      to += phase.outputColumn
    }
  }
}

/** Eight output channels of one image: panels of taps outside, tiles of four pixels inside, the last one repeating its last pixel. */
function convolveBlock(
  phase: Phase,
  input: usize,
  block: i32,
  panel: i32,
  output: usize,
  outputRow: usize,
  outputColumn: usize,
): void {
  const pixels = phase.rows * phase.columns
  const lastColumn = phase.columns - 1
  const tapBytes = phase.run << 3
  let weights = phase.weights + <usize>block * <usize>phase.taps * tapBytes
  let firstTap = 0
  do {
    const taps = min(panel, phase.taps - firstTap)
    let from = input
    let to = output
    let fromRow = from
    let toRow = to
    let column = 0
    for (let pixel = 0; pixel < pixels; pixel += 4) {
      const from0 = from
      const to0 = to
      if (pixel + 1 < pixels) {
        if (column == lastColumn) {
          column = 0
          from = fromRow += phase.inputRow
          to = toRow += outputRow
        } else {
          column++
          from += phase.inputColumn
          to += outputColumn
        }
      }
      const from1 = from
      const to1 = to
      if (pixel + 2 < pixels) {
        if (column == lastColumn) {
          column = 0
          from = fromRow += phase.inputRow
          to = toRow += outputRow
        } else {
          column++
          from += phase.inputColumn
          to += outputColumn
        }
      }
      const from2 = from
      const to2 = to
      if (pixel + 3 < pixels) {
        if (column == lastColumn) {
          column = 0
          from = fromRow += phase.inputRow
          to = toRow += outputRow
        } else {
          column++
          from += phase.inputColumn
          to += outputColumn
        }
      }
      tile(
        from0,
        from1,
        from2,
        from,
        phase.offsets + ((<usize>firstTap) << 2),
        taps,
        phase.run,
        weights,
        to0,
        to1,
        to2,
        to,
        firstTap > 0,
      )
      if (column == lastColumn) {
        column = 0
        from = fromRow += phase.inputRow
        to = toRow += outputRow
      } else {
        column++
        from += phase.inputColumn
        to += outputColumn
      }
    }
    weights += <usize>taps * tapBytes
    firstTap += taps
  } while (firstTap < phase.taps)
}

/**
 * Four pixels × eight channels. Eight accumulators, two vectors of weights, four splats and one to spare fill the
 * registers: unrolling over the run would spill.
 */
function tile(
  from0: usize,
  from1: usize,
  from2: usize,
  from3: usize,
  offsets: usize,
  taps: i32,
  run: usize,
  weights: usize,
  to0: usize,
  to1: usize,
  to2: usize,
  to3: usize,
  onTop: bool,
): void {
  let y00 = f32x4.splat(0)
  let y01 = f32x4.splat(0)
  let y10 = f32x4.splat(0)
  let y11 = f32x4.splat(0)
  let y20 = f32x4.splat(0)
  let y21 = f32x4.splat(0)
  let y30 = f32x4.splat(0)
  let y31 = f32x4.splat(0)
  if (onTop) {
    y00 = v128.load(to0)
    y01 = v128.load(to0, 16)
    y10 = v128.load(to1)
    y11 = v128.load(to1, 16)
    y20 = v128.load(to2)
    y21 = v128.load(to2, 16)
    y30 = v128.load(to3)
    y31 = v128.load(to3, 16)
  }
  for (let tap = 0; tap < taps; tap++) {
    const offset = load<usize>(offsets + ((<usize>tap) << 2))
    const x0 = from0 + offset
    const x1 = from1 + offset
    const x2 = from2 + offset
    const x3 = from3 + offset
    for (let i: usize = 0; i < run; i += 4) {
      const at = weights + (i << 3)
      const w0 = v128.load(at)
      const w1 = v128.load(at, 16)
      const a0 = v128.load_splat<f32>(x0 + i)
      y00 = multiplyAdd(a0, w0, y00)
      y01 = multiplyAdd(a0, w1, y01)
      const a1 = v128.load_splat<f32>(x1 + i)
      y10 = multiplyAdd(a1, w0, y10)
      y11 = multiplyAdd(a1, w1, y11)
      const a2 = v128.load_splat<f32>(x2 + i)
      y20 = multiplyAdd(a2, w0, y20)
      y21 = multiplyAdd(a2, w1, y21)
      const a3 = v128.load_splat<f32>(x3 + i)
      y30 = multiplyAdd(a3, w0, y30)
      y31 = multiplyAdd(a3, w1, y31)
    }
    weights += run << 3
  }
  v128.store(to0, y00)
  v128.store(to0, y01, 16)
  v128.store(to1, y10)
  v128.store(to1, y11, 16)
  v128.store(to2, y20)
  v128.store(to2, y21, 16)
  v128.store(to3, y30)
  v128.store(to3, y31, 16)
}
