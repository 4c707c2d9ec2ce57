import { Bytes } from './kinds'
import { multiplyAdd } from './multiply-add'
import { shareStart } from './share'

/**
 * `gradient[u, v, ci, co] = Σ x[n, i·s − p + u·d, j·s − p + v·d, ci] · dy[n, i, j, co]`, image by image and about 64 output
 * pixels at a time. Sums stay in scratch `[outChannels / 8][tap][inChannels / 4][4][8]`, and every `exact` pixels they are added
 * to totals in float64: in float32, a million products lose three digits.
 */
@unmanaged
class FilterGradient {
  x: usize
  dy: usize
  gradient: usize
  batch: i32
  height: i32
  width: i32
  inChannels: i32
  top: i32
  left: i32
  paddedHeight: i32
  paddedWidth: i32
  rows: i32 // of dy
  columns: i32
  outChannels: i32
  taps: i32
  offsets: usize // table of the taps' offsets in a packed plane, bytes
  inputRow: Bytes // from an output row to the next in a packed plane, bytes
  inputColumn: Bytes
  images: usize // scratch of each part: the padded image in planes [inChannels / 4][pixel][4]
  imagesStep: Bytes
  kernels: usize // scratch of each part: its output gradient in planes [outChannels / 8][pixel][8]
  kernelsStep: Bytes
  sums: usize // scratch in common
  totals: usize // scratch in common: the same in float64
}

/** Pixels that are summed in float32. How many depends on the shape alone, and so do the bits of the result. */
const exact: i32 = 512

/** Computes a share of the output channels' blocks, or of the input channels' quads where those are more. */
export function filterGradient(all: FilterGradient, part: i32, parts: i32): void {
  const quads = (all.inChannels + 3) >> 2
  const blocks = (all.outChannels + 7) >> 3
  const byBlock = blocks >= quads
  const firstBlock = byBlock ? shareStart(blocks, part, parts) : 0
  const lastBlock = byBlock ? shareStart(blocks, part + 1, parts) : blocks
  const firstQuad = byBlock ? 0 : shareStart(quads, part, parts)
  const lastQuad = byBlock ? quads : shareStart(quads, part + 1, parts)
  if (firstBlock == lastBlock || firstQuad == lastQuad) return
  const images = all.images + <usize>part * all.imagesStep
  const kernels = all.kernels + <usize>part * all.kernelsStep
  const planeBytes = (<usize>(all.paddedHeight * all.paddedWidth)) << 4
  const kernelRow = (<usize>all.columns) << 5
  const kernelBytes = <usize>all.rows * kernelRow
  const rowsAtOnce = max(1, 64 / all.columns)
  memory.fill(images, 0, <usize>(lastQuad - firstQuad) * planeBytes)
  if ((all.outChannels & 7) != 0) memory.fill(kernels, 0, <usize>(lastBlock - firstBlock) * kernelBytes)
  for (let block = firstBlock; block < lastBlock; block++) {
    for (let tap = 0; tap < all.taps; tap++) {
      const at = all.sums + <usize>((block * all.taps + tap) * quads + firstQuad) * 128
      memory.fill(at, 0, <usize>(lastQuad - firstQuad) * 128)
      const total = all.totals + <usize>((block * all.taps + tap) * quads + firstQuad) * 256
      memory.fill(total, 0, <usize>(lastQuad - firstQuad) * 256)
    }
  }
  let pixels = 0
  for (let image = 0; image < all.batch; image++) {
    packImage(all, image, images, firstQuad, lastQuad)
    packKernel(all, image, kernels, firstBlock, lastBlock)
    for (let row = 0; row < all.rows; row += rowsAtOnce) {
      const rows = min(rowsAtOnce, all.rows - row)
      for (let block = firstBlock; block < lastBlock; block++) {
        const kernel = kernels + <usize>(block - firstBlock) * kernelBytes + <usize>row * kernelRow
        for (let tap = 0; tap < all.taps; tap++) {
          let plane = images + load<usize>(all.offsets + ((<usize>tap) << 2)) + <usize>row * all.inputRow
          let sums = all.sums + <usize>((block * all.taps + tap) * quads + firstQuad) * 128
          for (let quad = firstQuad; quad < lastQuad; quad++) {
            tile(plane, all.inputRow, all.inputColumn, kernel, rows, all.columns, sums)
            plane += planeBytes
            sums += 128
          }
        }
      }
      pixels += rows * all.columns
      if (pixels >= exact) {
        addToTotals(all, firstQuad, lastQuad, firstBlock, lastBlock)
        pixels = 0
      }
    }
  }
  addToTotals(all, firstQuad, lastQuad, firstBlock, lastBlock)
  unpack(all, firstQuad, lastQuad, firstBlock, lastBlock)
}

/** Four input channels × eight output channels over `rows × columns` pixels, added to 32 sums. */
function tile(
  x: usize,
  inputRow: usize,
  inputColumn: usize,
  kernel: usize,
  rows: i32,
  columns: i32,
  sums: usize,
): void {
  let s00 = v128.load(sums)
  let s01 = v128.load(sums, 16)
  let s10 = v128.load(sums, 32)
  let s11 = v128.load(sums, 48)
  let s20 = v128.load(sums, 64)
  let s21 = v128.load(sums, 80)
  let s30 = v128.load(sums, 96)
  let s31 = v128.load(sums, 112)
  for (let row = 0; row < rows; row++) {
    let at = x
    const end = kernel + ((<usize>columns) << 5)
    while (kernel < end) {
      const w0 = v128.load(kernel)
      const w1 = v128.load(kernel, 16)
      const a0 = v128.load_splat<f32>(at)
      s00 = multiplyAdd(a0, w0, s00)
      s01 = multiplyAdd(a0, w1, s01)
      const a1 = v128.load_splat<f32>(at, 4)
      s10 = multiplyAdd(a1, w0, s10)
      s11 = multiplyAdd(a1, w1, s11)
      const a2 = v128.load_splat<f32>(at, 8)
      s20 = multiplyAdd(a2, w0, s20)
      s21 = multiplyAdd(a2, w1, s21)
      const a3 = v128.load_splat<f32>(at, 12)
      s30 = multiplyAdd(a3, w0, s30)
      s31 = multiplyAdd(a3, w1, s31)
      at += inputColumn
      kernel += 32
    }
    x += inputRow
  }
  v128.store(sums, s00)
  v128.store(sums, s01, 16)
  v128.store(sums, s10, 32)
  v128.store(sums, s11, 48)
  v128.store(sums, s20, 64)
  v128.store(sums, s21, 80)
  v128.store(sums, s30, 96)
  v128.store(sums, s31, 112)
}

/** Adds the sums to their totals, and starts them again. */
function addToTotals(all: FilterGradient, firstQuad: i32, lastQuad: i32, firstBlock: i32, lastBlock: i32): void {
  const quads = (all.inChannels + 3) >> 2
  const bytes = <usize>(lastQuad - firstQuad) * 128
  for (let row = firstBlock * all.taps; row < lastBlock * all.taps; row++) {
    let sum = all.sums + <usize>(row * quads + firstQuad) * 128
    let total = all.totals + <usize>(row * quads + firstQuad) * 256
    const end = sum + bytes
    for (; sum < end; sum += 16) {
      const low = f64x2.promote_low_f32x4(v128.load64_zero(sum))
      const high = f64x2.promote_low_f32x4(v128.load64_zero(sum, 8))
      v128.store(total, f64x2.add(v128.load(total), low))
      v128.store(total, f64x2.add(v128.load(total, 16), high), 16)
      v128.store(sum, f32x4.splat(0))
      total += 32
    }
  }
}

/** One image as zero-padded planes of four channels; the zeros are there already. */
function packImage(all: FilterGradient, image: i32, planes: usize, firstQuad: i32, lastQuad: i32): void {
  const pixel = (<usize>all.inChannels) << 2
  const from = all.x + <usize>(image * all.height * all.width) * pixel
  const rows = min(all.height, all.paddedHeight - all.top)
  const columns = min(all.width, all.paddedWidth - all.left)
  for (let quad = firstQuad; quad < lastQuad; quad++) {
    const width = all.inChannels - (quad << 2)
    for (let row = 0; row < rows; row++) {
      let at = from + <usize>(row * all.width) * pixel + ((<usize>quad) << 4)
      let to = planes + ((<usize>((row + all.top) * all.paddedWidth + all.left)) << 4)
      if (width >= 4) {
        for (let column = 0; column < columns; column++) {
          v128.store(to, v128.load(at))
          at += pixel
          to += 16
        }
      } else {
        for (let column = 0; column < columns; column++) {
          for (let c: usize = 0; c < <usize>width; c++) store<f32>(to + (c << 2), load<f32>(at + (c << 2)))
          at += pixel
          to += 16
        }
      }
    }
    planes += (<usize>(all.paddedHeight * all.paddedWidth)) << 4
  }
}

/** One output gradient as planes of eight channels. */
function packKernel(all: FilterGradient, image: i32, to: usize, firstBlock: i32, lastBlock: i32): void {
  const pixels = all.rows * all.columns
  const pixel = (<usize>all.outChannels) << 2
  const from = all.dy + <usize>(image * pixels) * pixel
  for (let block = firstBlock; block < lastBlock; block++) {
    const width = all.outChannels - (block << 3)
    let at = from + ((<usize>block) << 5)
    if (width >= 8) {
      for (let i = 0; i < pixels; i++) {
        v128.store(to, v128.load(at))
        v128.store(to, v128.load(at, 16), 16)
        at += pixel
        to += 32
      }
    } else {
      for (let i = 0; i < pixels; i++) {
        for (let c: usize = 0; c < <usize>width; c++) store<f32>(to + (c << 2), load<f32>(at + (c << 2)))
        at += pixel
        to += 32
      }
    }
  }
}

function unpack(all: FilterGradient, firstQuad: i32, lastQuad: i32, firstBlock: i32, lastBlock: i32): void {
  const quads = (all.inChannels + 3) >> 2
  const lastChannel = min(all.inChannels, lastQuad << 2)
  for (let block = firstBlock; block < lastBlock; block++) {
    const width = min(8, all.outChannels - (block << 3))
    for (let tap = 0; tap < all.taps; tap++) {
      let from = all.totals + <usize>((block * all.taps + tap) * quads + firstQuad) * 256
      for (let channel = firstQuad << 2; channel < lastChannel; channel++) {
        const to = all.gradient + ((<usize>((tap * all.inChannels + channel) * all.outChannels + (block << 3))) << 2)
        for (let c: usize = 0; c < <usize>width; c++) store<f32>(to + (c << 2), <f32>load<f64>(from + (c << 3)))
        from += 64
      }
    }
  }
}
