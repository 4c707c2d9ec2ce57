import { Bytes } from './kinds'
import { shareStart } from './share'

/**
 * Grouped convolutions, depthwise ones among them, four lanes at a time: a lane is an output channel of the operator, and
 * plane p of a lane the p-th channel that it sums over. Lanes never meet, so that those beyond the last may hold anything.
 */
@unmanaged
class Lanes {
  images: usize
  height: i32
  width: i32
  channels: i32
  top: i32
  left: i32
  paddedHeight: i32
  paddedWidth: i32
  planes: i32
  sources: usize // table [quad][plane][4]: where a pixel has the lane's channel, bytes
}

/** Writes the planes of four lanes of one image as `[plane][paddedHeight][paddedWidth][4]`; the zeros around are there already. */
function packPlanes(lanes: Lanes, image: i32, quad: i32, to: usize): void {
  const pixel = (<usize>lanes.channels) << 2
  const from = lanes.images + <usize>(image * lanes.height * lanes.width) * pixel
  const rows = min(lanes.height, lanes.paddedHeight - lanes.top)
  const columns = min(lanes.width, lanes.paddedWidth - lanes.left)
  for (let plane = 0; plane < lanes.planes; plane++) {
    const sources = lanes.sources + ((<usize>(quad * lanes.planes + plane)) << 4)
    const s0 = load<usize>(sources)
    const s1 = load<usize>(sources, 4)
    const s2 = load<usize>(sources, 8)
    const s3 = load<usize>(sources, 12)
    const neighbours = s1 == s0 + 4 && s2 == s0 + 8 && s3 == s0 + 12
    for (let row = 0; row < rows; row++) {
      let at = from + <usize>(row * lanes.width) * pixel
      let into = to + ((<usize>((row + lanes.top) * lanes.paddedWidth + lanes.left)) << 4)
      if (neighbours) {
        at += s0
        for (let column = 0; column < columns; column++) {
          v128.store(into, v128.load(at))
          at += pixel
          into += 16
        }
      } else {
        for (let column = 0; column < columns; column++) {
          store<f32>(into, load<f32>(at + s0))
          store<f32>(into, load<f32>(at + s1), 4)
          store<f32>(into, load<f32>(at + s2), 8)
          store<f32>(into, load<f32>(at + s3), 12)
          at += pixel
          into += 16
        }
      }
    }
    to += (<usize>(lanes.paddedHeight * lanes.paddedWidth)) << 4
  }
}

/** The first lanes of a vector, as many as there are. */
function storeLanes(to: usize, value: v128, width: i32): void {
  if (width >= 4) {
    v128.store(to, value)
    return
  }
  store<f32>(to, f32x4.extract_lane(value, 0))
  if (width > 1) store<f32>(to, f32x4.extract_lane(value, 1), 4)
  if (width > 2) store<f32>(to, f32x4.extract_lane(value, 2), 8)
}

/** A filter `[tap][…]` and where it goes: `[quad][tap][plane][4]`. */
@unmanaged
class LaneWeights {
  filter: usize
  packed: usize
  quads: i32
  planes: i32
  taps: i32
  tapBytes: Bytes
  taken: usize // table: which tap of the filter comes at each place
  sources: usize // table [quad][plane][4]: where a tap has the lane's weight, bytes
}

export function packLanes(all: LaneWeights, part: i32, parts: i32): void {
  const lastQuad = shareStart(all.quads, part + 1, parts)
  for (let quad = shareStart(all.quads, part, parts); quad < lastQuad; quad++) {
    let to = all.packed + ((<usize>(quad * all.taps * all.planes)) << 4)
    for (let tap = 0; tap < all.taps; tap++) {
      const from = all.filter + <usize>load<i32>(all.taken + ((<usize>tap) << 2)) * all.tapBytes
      const sources = all.sources + ((<usize>(quad * all.planes)) << 4)
      for (let lane: usize = 0; lane < (<usize>all.planes) << 4; lane += 4) {
        store<f32>(to, load<f32>(from + load<usize>(sources + lane)))
        to += 4
      }
    }
  }
}

/** A convolution over tables of taps, as `Convolution` is, lane by lane. */
@unmanaged
class Depthwise {
  lanes: Lanes
  output: usize
  imageStep: Bytes // of the output
  channels: i32 // of the output: the lanes
  batch: i32
  phases: i32
  phase: LanePhase // the first of the table
  scratch: usize // of each part: its planes
  scratchStep: Bytes
}

/** A grid of output pixels that see the same taps; steps and offsets in bytes. */
@unmanaged
class LanePhase {
  rows: i32
  columns: i32
  inputRow: Bytes
  inputColumn: Bytes
  output: Bytes // offset of the first pixel in the output image
  outputRow: Bytes
  outputColumn: Bytes
  taps: i32 // over all planes
  offsets: usize // table of the taps' offsets in the planes
  weights: usize // [quad][tap][4]
}

/** Computes a share of the images' quads. */
export function depthwise(all: Depthwise, part: i32, parts: i32): void {
  const lanes = all.lanes
  const quads = (all.channels + 3) >> 2
  const planes = all.scratch + <usize>part * all.scratchStep
  const first = shareStart(all.batch * quads, part, parts)
  const last = shareStart(all.batch * quads, part + 1, parts)
  if (first == last) return
  memory.fill(planes, 0, (<usize>(lanes.planes * lanes.paddedHeight * lanes.paddedWidth)) << 4)
  for (let index = first; index < last; index++) {
    const image = index / quads
    const quad = index % quads
    packPlanes(lanes, image, quad, planes)
    const output = all.output + <usize>image * all.imageStep + ((<usize>quad) << 4)
    for (let each = 0; each < all.phases; each++) {
      const phase = changetype<LanePhase>(changetype<usize>(all.phase) + <usize>each * offsetof<LanePhase>())
      convolveLanes(phase, planes, quad, output + phase.output, all.channels - (quad << 2))
    }
  }
}

/** Four lanes of one image, four pixels of a row at a time. */
function convolveLanes(phase: LanePhase, planes: usize, quad: i32, output: usize, width: i32): void {
  const step = phase.inputColumn
  const end = (<usize>phase.taps) << 2 // of the table of offsets
  const weights = phase.weights + ((<usize>(quad * phase.taps)) << 4)
  const last = phase.columns - 4
  for (let row = 0; row < phase.rows; row++) {
    let from = planes + <usize>row * phase.inputRow
    let to = output + <usize>row * phase.outputRow
    let column = 0
    for (; column <= last; column += 4) {
      let y0 = f32x4.splat(0)
      let y1 = f32x4.splat(0)
      let y2 = f32x4.splat(0)
      let y3 = f32x4.splat(0)
      for (let tap: usize = 0; tap < end; tap += 4) {
        const x = from + load<usize>(phase.offsets + tap)
        const w = v128.load(weights + (tap << 2))
        y0 = f32x4.add(y0, f32x4.mul(v128.load(x), w))
        y1 = f32x4.add(y1, f32x4.mul(v128.load(x + step), w))
        y2 = f32x4.add(y2, f32x4.mul(v128.load(x + (step << 1)), w))
        y3 = f32x4.add(y3, f32x4.mul(v128.load(x + step * 3), w))
      }
      storeLanes(to, y0, width)
      storeLanes(to + phase.outputColumn, y1, width)
      storeLanes(to + (phase.outputColumn << 1), y2, width)
      storeLanes(to + phase.outputColumn * 3, y3, width)
      from += step << 2
      to += phase.outputColumn << 2
    }
    for (; column < phase.columns; column++) {
      let y = f32x4.splat(0)
      for (let tap: usize = 0; tap < end; tap += 4) {
        y = f32x4.add(y, f32x4.mul(v128.load(from + load<usize>(phase.offsets + tap)), v128.load(weights + (tap << 2))))
      }
      storeLanes(to, y, width)
      from += step
      to += phase.outputColumn
    }
  }
}

/** `gradient[tap][plane][lane] = Σ x[n, pixel seen through the tap, plane of the lane] · dy[n, pixel, lane]`. */
@unmanaged
class DepthwiseFilterGradient {
  x: Lanes
  dy: Lanes
  gradient: usize
  batch: i32
  taps: i32
  offsets: usize // table of the taps' offsets in a plane, bytes
  inputRow: Bytes
  inputColumn: Bytes
  planesOfX: usize // scratch of each part
  planesOfXStep: Bytes
  planeOfDy: usize // scratch of each part
  planeOfDyStep: Bytes
  sums: usize // scratch of each part: [plane][tap][4], float64
  sumsStep: Bytes
}

/** Computes a share of the quads; each sums row by row, image by image, so that results do not depend on the parts. */
export function depthwiseFilterGradient(all: DepthwiseFilterGradient, part: i32, parts: i32): void {
  const channels = all.dy.channels
  const quads = (channels + 3) >> 2
  const planes = all.x.planes
  const planesOfX = all.planesOfX + <usize>part * all.planesOfXStep
  const planeOfDy = all.planeOfDy + <usize>part * all.planeOfDyStep
  const sums = all.sums + <usize>part * all.sumsStep
  const planeBytes = (<usize>(all.x.paddedHeight * all.x.paddedWidth)) << 4
  const first = shareStart(quads, part, parts)
  const last = shareStart(quads, part + 1, parts)
  if (first == last) return
  memory.fill(planesOfX, 0, <usize>planes * planeBytes)
  for (let quad = first; quad < last; quad++) {
    memory.fill(sums, 0, (<usize>(planes * all.taps)) << 5)
    for (let image = 0; image < all.batch; image++) {
      packPlanes(all.x, image, quad, planesOfX)
      packPlanes(all.dy, image, quad, planeOfDy)
      let sum = sums
      for (let plane = 0; plane < planes; plane++) {
        for (let tap = 0; tap < all.taps; tap++) {
          const x = planesOfX + <usize>plane * planeBytes + load<usize>(all.offsets + ((<usize>tap) << 2))
          correlate(all, x, planeOfDy, sum)
          sum += 32
        }
      }
    }
    const width = channels - (quad << 2)
    for (let tap = 0; tap < all.taps; tap++) {
      for (let plane = 0; plane < planes; plane++) {
        const to = all.gradient + ((<usize>((tap * planes + plane) * channels + (quad << 2))) << 2)
        const sum = sums + ((<usize>(plane * all.taps + tap)) << 5)
        for (let c: usize = 0; c < <usize>min(4, width); c++) store<f32>(to + (c << 2), <f32>load<f64>(sum + (c << 3)))
      }
    }
  }
}

/** Adds the products over the pixels of dy to four sums. A row is summed in float32, the rows in float64. */
function correlate(all: DepthwiseFilterGradient, x: usize, dy: usize, sums: usize): void {
  const rows = all.dy.height
  const columns = all.dy.width
  const step = all.inputColumn
  let low = v128.load(sums)
  let high = v128.load(sums, 16)
  for (let row = 0; row < rows; row++) {
    let from = x + <usize>row * all.inputRow
    let s0 = f32x4.splat(0)
    let s1 = f32x4.splat(0)
    let s2 = f32x4.splat(0)
    let s3 = f32x4.splat(0)
    let column = 0
    for (; column <= columns - 4; column += 4) {
      s0 = f32x4.add(s0, f32x4.mul(v128.load(from), v128.load(dy)))
      s1 = f32x4.add(s1, f32x4.mul(v128.load(from + step), v128.load(dy, 16)))
      s2 = f32x4.add(s2, f32x4.mul(v128.load(from + (step << 1)), v128.load(dy, 32)))
      s3 = f32x4.add(s3, f32x4.mul(v128.load(from + step * 3), v128.load(dy, 48)))
      from += step << 2
      dy += 64
    }
    for (; column < columns; column++) {
      s0 = f32x4.add(s0, f32x4.mul(v128.load(from), v128.load(dy)))
      from += step
      dy += 16
    }
    const total = f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3))
    low = f64x2.add(low, f64x2.promote_low_f32x4(total))
    high = f64x2.add(high, f64x2.promote_low_f32x4(v128.shuffle<i32>(total, total, 2, 3, 2, 3)))
  }
  v128.store(sums, low)
  v128.store(sums, high, 16)
}
