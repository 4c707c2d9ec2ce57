// Made by assembly/build.mjs from assembly/*.ts. Do not edit.
import type { Address, Bytes, Float32, Int32, Struct, StructAt } from './wasm-structs.ts'

/** What kernels read, as the classes of assembly/*.ts declare it. */
export interface Structs {
  readonly Adam: {
    readonly parameter: Address
    readonly gradient: Address
    readonly m: Address
    readonly v: Address
    readonly newParameter: Address
    readonly newM: Address
    readonly newV: Address
    readonly count: Int32
    readonly beta1: Float32
    /** 1 − β₁, rounded once */
    readonly rest1: Float32
    readonly beta2: Float32
    readonly rest2: Float32
    /** η / (1 − β₁ᵗ) */
    readonly stepSize: Float32
    /** 1 / √(1 − β₂ᵗ) */
    readonly correction: Float32
    readonly eps: Float32
    /** decay added to the gradient */
    readonly l2: Float32
    /** what decoupled decay leaves of the parameter */
    readonly keep: Float32
  }
  readonly AddBias: {
    readonly x: Address
    readonly bias: Address
    readonly y: Address
    readonly rows: Int32
    readonly channels: Int32
    readonly relu: boolean
  }
  readonly BatchNorm: {
    readonly x: Address
    /** the gradient's job: dx */
    readonly y: Address
    /** 0 in the forward pass */
    readonly dy: Address | 0
    readonly mean: Address
    readonly variance: Address
    readonly weight: Address
    readonly bias: Address
    readonly gradientOfWeight: Address | 0
    readonly gradientOfBias: Address | 0
    readonly rows: Int32
    readonly channels: Int32
    readonly chunkRows: Int32
    readonly chunks: Int32
    /** scratch [chunks][channels] */
    readonly sums: Address
    /** scratch [chunks][channels], the gradient's job alone */
    readonly products: Address
    /** scratch [channels]: weight / √(variance + eps) */
    readonly scale: Address
    /** scratch [channels], the gradient's job alone */
    readonly offset: Address
    /** scratch [channels], the gradient's job alone */
    readonly slope: Address
    readonly eps: Float32
    readonly relu: boolean
  }
  readonly Convolution: {
    readonly output: Address
    /** of the output */
    readonly imageStep: Bytes
    readonly outChannels: Int32
    readonly batch: Int32
    readonly phases: Int32
    /** the first of the table */
    readonly phase: StructAt<'Phase'>
    /** taps whose weights stay in the first-level cache */
    readonly panel: Int32
    /** scratch of each part for the channels beyond the last multiple of 8, [pixels][8] */
    readonly tail: Address
    /** from part to part */
    readonly tailStep: Bytes
    readonly padded: StructAt<'Padded'>
  }
  readonly CrossEntropy: {
    readonly logits: Address
    readonly labels: Address
    readonly classWeights: Address
    /** the gradient's job: the gradient of the losses */
    readonly losses: Address
    /** the weight of each row: w[label], or 0 where it is ignored */
    readonly weights: Address | 0
    /** of the logits; 0 in the forward pass */
    readonly gradient: Address | 0
    readonly rows: Int32
    readonly classes: Int32
    readonly smoothing: Float32
    readonly ignoreIndex: Int32
  }
  readonly Depthwise: {
    readonly lanes: StructAt<'Lanes'>
    readonly output: Address
    /** of the output */
    readonly imageStep: Bytes
    /** of the output: the lanes */
    readonly channels: Int32
    readonly batch: Int32
    readonly phases: Int32
    /** the first of the table */
    readonly phase: StructAt<'LanePhase'>
    /** of each part: its planes */
    readonly scratch: Address
    readonly scratchStep: Bytes
  }
  readonly DepthwiseFilterGradient: {
    readonly x: StructAt<'Lanes'>
    readonly dy: StructAt<'Lanes'>
    readonly gradient: Address
    readonly batch: Int32
    readonly taps: Int32
    /** table of the taps' offsets in a plane, bytes */
    readonly offsets: Address
    readonly inputRow: Bytes
    readonly inputColumn: Bytes
    /** scratch of each part */
    readonly planesOfX: Address
    readonly planesOfXStep: Bytes
    /** scratch of each part */
    readonly planeOfDy: Address
    readonly planeOfDyStep: Bytes
    /** scratch of each part: [plane][tap][4], float64 */
    readonly sums: Address
    readonly sumsStep: Bytes
  }
  readonly Extremum: {
    readonly long: Address
    readonly short: Address
    readonly y: Address
    readonly count: Int32
    /** of the short operand, at least 1 */
    readonly period: Int32
    /** min instead of max */
    readonly smallest: boolean
  }
  readonly FilterGradient: {
    readonly x: Address
    readonly dy: Address
    readonly gradient: Address
    readonly batch: Int32
    readonly height: Int32
    readonly width: Int32
    readonly inChannels: Int32
    readonly top: Int32
    readonly left: Int32
    readonly paddedHeight: Int32
    readonly paddedWidth: Int32
    /** of dy */
    readonly rows: Int32
    readonly columns: Int32
    readonly outChannels: Int32
    readonly taps: Int32
    /** table of the taps' offsets in a packed plane, bytes */
    readonly offsets: Address
    /** from an output row to the next in a packed plane, bytes */
    readonly inputRow: Bytes
    readonly inputColumn: Bytes
    /** scratch of each part: the padded image in planes [inChannels / 4][pixel][4] */
    readonly images: Address
    readonly imagesStep: Bytes
    /** scratch of each part: its output gradient in planes [outChannels / 8][pixel][8] */
    readonly kernels: Address
    readonly kernelsStep: Bytes
    /** scratch in common */
    readonly sums: Address
    /** scratch in common: the same in float64 */
    readonly totals: Address
  }
  readonly GroupNorm: {
    readonly x: Address
    /** the gradient's job: dx */
    readonly y: Address
    /** 0 in the forward pass */
    readonly dy: Address | 0
    readonly mean: Address
    readonly variance: Address
    readonly weight: Address
    readonly bias: Address
    readonly gradientOfWeight: Address | 0
    readonly gradientOfBias: Address | 0
    readonly outer: Int32
    readonly count: Int32
    readonly channels: Int32
    readonly groups: Int32
    /** how many are summed in float32 */
    readonly rows: Int32
    /** for each part: two float64 and five float32 of each channel, and one to spare */
    readonly scratch: Address
    /** the gradient's job alone, like what follows */
    readonly chunkOuter: Int32
    readonly chunks: Int32
    /** [chunks][2][channels] of float64: gradients of bias and weight */
    readonly partial: Address | 0
    readonly eps: Float32
    readonly relu: boolean
  }
  readonly LanePhase: {
    readonly rows: Int32
    readonly columns: Int32
    readonly inputRow: Bytes
    readonly inputColumn: Bytes
    /** offset of the first pixel in the output image */
    readonly output: Bytes
    readonly outputRow: Bytes
    readonly outputColumn: Bytes
    /** over all planes */
    readonly taps: Int32
    /** table of the taps' offsets in the planes */
    readonly offsets: Address
    /** [quad][tap][4] */
    readonly weights: Address
  }
  readonly LaneWeights: {
    readonly filter: Address
    readonly packed: Address
    readonly quads: Int32
    readonly planes: Int32
    readonly taps: Int32
    readonly tapBytes: Bytes
    /** table: which tap of the filter comes at each place */
    readonly taken: Address
    /** table [quad][plane][4]: where a tap has the lane's weight, bytes */
    readonly sources: Address
  }
  readonly Lanes: {
    readonly images: Address
    readonly height: Int32
    readonly width: Int32
    readonly channels: Int32
    readonly top: Int32
    readonly left: Int32
    readonly paddedHeight: Int32
    readonly paddedWidth: Int32
    readonly planes: Int32
    /** table [quad][plane][4]: where a pixel has the lane's channel, bytes */
    readonly sources: Address
  }
  readonly MatMul: {
    readonly a: Address
    /** from matrix to matrix, 0 where all have the same */
    readonly aMatrix: Bytes
    /** from eight rows to the next */
    readonly aBlock: Bytes
    /** from row to row of eight */
    readonly aRow: Bytes
    /** from k to k */
    readonly aInner: Bytes
    /** [columns / 8][matrix][inner][8] */
    readonly b: Address
    /** from matrix to matrix, 0 where all have the same */
    readonly bMatrix: Bytes
    /** from eight columns to the next */
    readonly bBlock: Bytes
    readonly c: Address
    readonly matrices: Int32
    readonly rows: Int32
    readonly columns: Int32
    readonly inner: Int32
    /** how much of the inner axis stays in the first-level cache */
    readonly panel: Int32
    /** scratch of each part for the columns beyond the last multiple of 8, [rows][8] */
    readonly tail: Address
    /** from part to part */
    readonly tailStep: Bytes
  }
  readonly MaxPool: {
    readonly x: Address
    readonly y: Address
    readonly dy: Address | 0
    readonly dx: Address | 0
    /** int32; 0: not asked for */
    readonly indices: Address | 0
    readonly batch: Int32
    readonly height: Int32
    readonly width: Int32
    readonly channels: Int32
    readonly outHeight: Int32
    readonly outWidth: Int32
    readonly kernelHeight: Int32
    readonly kernelWidth: Int32
    readonly strideHeight: Int32
    readonly strideWidth: Int32
    readonly top: Int32
    readonly left: Int32
    readonly dilationHeight: Int32
    readonly dilationWidth: Int32
    /** scratch of each part: table of a window's offsets */
    readonly taps: Address
  }
  readonly Packing: {
    readonly filter: Address
    readonly packed: Address
    readonly taps: Int32
    /** table: which tap of the filter comes at each place */
    readonly sources: Address
    readonly inner: Int32
    readonly outer: Int32
    readonly innerStep: Bytes
    readonly outerStep: Bytes
  }
  readonly Padded: {
    readonly images: Address
    readonly height: Int32
    readonly width: Int32
    readonly channels: Int32
    readonly top: Int32
    readonly left: Int32
    readonly paddedHeight: Int32
    readonly paddedWidth: Int32
    /** 0: no padding needed */
    readonly scratch: Address | 0
    /** from part to part */
    readonly scratchStep: Bytes
  }
  readonly Phase: {
    readonly rows: Int32
    readonly columns: Int32
    readonly inputRow: Bytes
    readonly inputColumn: Bytes
    /** offset of the first pixel in the output image */
    readonly output: Bytes
    readonly outputRow: Bytes
    readonly outputColumn: Bytes
    readonly taps: Int32
    /** table of the taps' offsets */
    readonly offsets: Address
    /** of each tap */
    readonly run: Bytes
    /** [outChannels / 8][tap][run][8] */
    readonly weights: Address
  }
  readonly PixelShuffle: {
    readonly low: Address
    readonly high: Address
    readonly rows: Int32
    readonly width: Int32
    readonly channels: Int32
    readonly factor: Int32
  }
  readonly Plane: {
    readonly large: Address
    readonly small: Address
    readonly indices: Address
    readonly batch: Int32
    /** height · width */
    readonly plane: Int32
    readonly count: Int32
    readonly channels: Int32
    /** without it the last of several values stays */
    readonly adds: boolean
  }
  readonly Resize: {
    readonly x: Address
    readonly y: Address
    readonly outer: Int32
    readonly inputSize: Int32
    readonly outputSize: Int32
    readonly inner: Int32
    readonly starts: Address
    readonly sources: Address
    readonly weights: Address
  }
  readonly SumAxis: {
    readonly x: Address
    readonly y: Address
    readonly outer: Int32
    readonly count: Int32
    readonly inner: Int32
    readonly divisor: Float32
  }
  readonly Tile: {
    readonly x: Address
    readonly y: Address
    readonly outer: Int32
    readonly repeats: Int32
    readonly block: Bytes
  }
  readonly WindowAverage: {
    readonly x: Address
    readonly y: Address
    readonly batch: Int32
    readonly height: Int32
    readonly width: Int32
    readonly channels: Int32
    readonly rows: Int32
    readonly columns: Int32
    /** pairs of int32 */
    readonly rowRanges: Address
    readonly columnRanges: Address
    /** float32 */
    readonly rowDivisors: Address
    readonly columnDivisors: Address
    readonly dividesInputs: boolean
  }
}

/** Which of them each kernel reads. */
export interface KernelStructs {
  readonly adam: 'Adam'
  readonly addBias: 'AddBias'
  readonly convolve: 'Convolution'
  readonly crossEntropy: 'CrossEntropy'
  readonly crossEntropyGradient: 'CrossEntropy'
  readonly depthwise: 'Depthwise'
  readonly depthwiseFilterGradient: 'DepthwiseFilterGradient'
  readonly extremum: 'Extremum'
  readonly filterGradient: 'FilterGradient'
  readonly finishGradient: 'BatchNorm'
  readonly finishGroupNormGradient: 'GroupNorm'
  readonly finishMean: 'BatchNorm'
  readonly finishVariance: 'BatchNorm'
  readonly gatherPlane: 'Plane'
  readonly groupNorm: 'GroupNorm'
  readonly groupNormGradient: 'GroupNorm'
  readonly layerNorm: 'GroupNorm'
  readonly layerNormGradient: 'GroupNorm'
  readonly matMul: 'MatMul'
  readonly maxPool: 'MaxPool'
  readonly maxPoolGradient: 'MaxPool'
  readonly normalize: 'BatchNorm'
  readonly packLanes: 'LaneWeights'
  readonly packWeights: 'Packing'
  readonly pixelShuffle: 'PixelShuffle'
  readonly pixelUnshuffle: 'PixelShuffle'
  readonly resize: 'Resize'
  readonly scatterPlane: 'Plane'
  readonly spreadGradient: 'BatchNorm'
  readonly startGradient: 'BatchNorm'
  readonly sumAxis: 'SumAxis'
  readonly sumGradients: 'BatchNorm'
  readonly sumRows: 'BatchNorm'
  readonly sumSquares: 'BatchNorm'
  readonly tile: 'Tile'
  readonly windowAverage: 'WindowAverage'
}

/** How each is written. */
export const structs: { readonly [Name in keyof Structs]: Struct<Structs[Name]> } = {
  Adam: {
    words: 17,
    write: (value, at, words, floats) => {
      words[at] = value.parameter
      words[at + 1] = value.gradient
      words[at + 2] = value.m
      words[at + 3] = value.v
      words[at + 4] = value.newParameter
      words[at + 5] = value.newM
      words[at + 6] = value.newV
      words[at + 7] = value.count
      floats[at + 8] = value.beta1
      floats[at + 9] = value.rest1
      floats[at + 10] = value.beta2
      floats[at + 11] = value.rest2
      floats[at + 12] = value.stepSize
      floats[at + 13] = value.correction
      floats[at + 14] = value.eps
      floats[at + 15] = value.l2
      floats[at + 16] = value.keep
    },
  },
  AddBias: {
    words: 6,
    write: (value, at, words) => {
      words[at] = value.x
      words[at + 1] = value.bias
      words[at + 2] = value.y
      words[at + 3] = value.rows
      words[at + 4] = value.channels
      words[at + 5] = value.relu ? 1 : 0
    },
  },
  BatchNorm: {
    words: 20,
    write: (value, at, words, floats) => {
      words[at] = value.x
      words[at + 1] = value.y
      words[at + 2] = value.dy
      words[at + 3] = value.mean
      words[at + 4] = value.variance
      words[at + 5] = value.weight
      words[at + 6] = value.bias
      words[at + 7] = value.gradientOfWeight
      words[at + 8] = value.gradientOfBias
      words[at + 9] = value.rows
      words[at + 10] = value.channels
      words[at + 11] = value.chunkRows
      words[at + 12] = value.chunks
      words[at + 13] = value.sums
      words[at + 14] = value.products
      words[at + 15] = value.scale
      words[at + 16] = value.offset
      words[at + 17] = value.slope
      floats[at + 18] = value.eps
      words[at + 19] = value.relu ? 1 : 0
    },
  },
  Convolution: {
    words: 10,
    write: (value, at, words) => {
      words[at] = value.output
      words[at + 1] = value.imageStep
      words[at + 2] = value.outChannels
      words[at + 3] = value.batch
      words[at + 4] = value.phases
      words[at + 5] = value.phase
      words[at + 6] = value.panel
      words[at + 7] = value.tail
      words[at + 8] = value.tailStep
      words[at + 9] = value.padded
    },
  },
  CrossEntropy: {
    words: 10,
    write: (value, at, words, floats) => {
      words[at] = value.logits
      words[at + 1] = value.labels
      words[at + 2] = value.classWeights
      words[at + 3] = value.losses
      words[at + 4] = value.weights
      words[at + 5] = value.gradient
      words[at + 6] = value.rows
      words[at + 7] = value.classes
      floats[at + 8] = value.smoothing
      words[at + 9] = value.ignoreIndex
    },
  },
  Depthwise: {
    words: 9,
    write: (value, at, words) => {
      words[at] = value.lanes
      words[at + 1] = value.output
      words[at + 2] = value.imageStep
      words[at + 3] = value.channels
      words[at + 4] = value.batch
      words[at + 5] = value.phases
      words[at + 6] = value.phase
      words[at + 7] = value.scratch
      words[at + 8] = value.scratchStep
    },
  },
  DepthwiseFilterGradient: {
    words: 14,
    write: (value, at, words) => {
      words[at] = value.x
      words[at + 1] = value.dy
      words[at + 2] = value.gradient
      words[at + 3] = value.batch
      words[at + 4] = value.taps
      words[at + 5] = value.offsets
      words[at + 6] = value.inputRow
      words[at + 7] = value.inputColumn
      words[at + 8] = value.planesOfX
      words[at + 9] = value.planesOfXStep
      words[at + 10] = value.planeOfDy
      words[at + 11] = value.planeOfDyStep
      words[at + 12] = value.sums
      words[at + 13] = value.sumsStep
    },
  },
  Extremum: {
    words: 6,
    write: (value, at, words) => {
      words[at] = value.long
      words[at + 1] = value.short
      words[at + 2] = value.y
      words[at + 3] = value.count
      words[at + 4] = value.period
      words[at + 5] = value.smallest ? 1 : 0
    },
  },
  FilterGradient: {
    words: 24,
    write: (value, at, words) => {
      words[at] = value.x
      words[at + 1] = value.dy
      words[at + 2] = value.gradient
      words[at + 3] = value.batch
      words[at + 4] = value.height
      words[at + 5] = value.width
      words[at + 6] = value.inChannels
      words[at + 7] = value.top
      words[at + 8] = value.left
      words[at + 9] = value.paddedHeight
      words[at + 10] = value.paddedWidth
      words[at + 11] = value.rows
      words[at + 12] = value.columns
      words[at + 13] = value.outChannels
      words[at + 14] = value.taps
      words[at + 15] = value.offsets
      words[at + 16] = value.inputRow
      words[at + 17] = value.inputColumn
      words[at + 18] = value.images
      words[at + 19] = value.imagesStep
      words[at + 20] = value.kernels
      words[at + 21] = value.kernelsStep
      words[at + 22] = value.sums
      words[at + 23] = value.totals
    },
  },
  GroupNorm: {
    words: 20,
    write: (value, at, words, floats) => {
      words[at] = value.x
      words[at + 1] = value.y
      words[at + 2] = value.dy
      words[at + 3] = value.mean
      words[at + 4] = value.variance
      words[at + 5] = value.weight
      words[at + 6] = value.bias
      words[at + 7] = value.gradientOfWeight
      words[at + 8] = value.gradientOfBias
      words[at + 9] = value.outer
      words[at + 10] = value.count
      words[at + 11] = value.channels
      words[at + 12] = value.groups
      words[at + 13] = value.rows
      words[at + 14] = value.scratch
      words[at + 15] = value.chunkOuter
      words[at + 16] = value.chunks
      words[at + 17] = value.partial
      floats[at + 18] = value.eps
      words[at + 19] = value.relu ? 1 : 0
    },
  },
  LanePhase: {
    words: 10,
    write: (value, at, words) => {
      words[at] = value.rows
      words[at + 1] = value.columns
      words[at + 2] = value.inputRow
      words[at + 3] = value.inputColumn
      words[at + 4] = value.output
      words[at + 5] = value.outputRow
      words[at + 6] = value.outputColumn
      words[at + 7] = value.taps
      words[at + 8] = value.offsets
      words[at + 9] = value.weights
    },
  },
  LaneWeights: {
    words: 8,
    write: (value, at, words) => {
      words[at] = value.filter
      words[at + 1] = value.packed
      words[at + 2] = value.quads
      words[at + 3] = value.planes
      words[at + 4] = value.taps
      words[at + 5] = value.tapBytes
      words[at + 6] = value.taken
      words[at + 7] = value.sources
    },
  },
  Lanes: {
    words: 10,
    write: (value, at, words) => {
      words[at] = value.images
      words[at + 1] = value.height
      words[at + 2] = value.width
      words[at + 3] = value.channels
      words[at + 4] = value.top
      words[at + 5] = value.left
      words[at + 6] = value.paddedHeight
      words[at + 7] = value.paddedWidth
      words[at + 8] = value.planes
      words[at + 9] = value.sources
    },
  },
  MatMul: {
    words: 16,
    write: (value, at, words) => {
      words[at] = value.a
      words[at + 1] = value.aMatrix
      words[at + 2] = value.aBlock
      words[at + 3] = value.aRow
      words[at + 4] = value.aInner
      words[at + 5] = value.b
      words[at + 6] = value.bMatrix
      words[at + 7] = value.bBlock
      words[at + 8] = value.c
      words[at + 9] = value.matrices
      words[at + 10] = value.rows
      words[at + 11] = value.columns
      words[at + 12] = value.inner
      words[at + 13] = value.panel
      words[at + 14] = value.tail
      words[at + 15] = value.tailStep
    },
  },
  MaxPool: {
    words: 20,
    write: (value, at, words) => {
      words[at] = value.x
      words[at + 1] = value.y
      words[at + 2] = value.dy
      words[at + 3] = value.dx
      words[at + 4] = value.indices
      words[at + 5] = value.batch
      words[at + 6] = value.height
      words[at + 7] = value.width
      words[at + 8] = value.channels
      words[at + 9] = value.outHeight
      words[at + 10] = value.outWidth
      words[at + 11] = value.kernelHeight
      words[at + 12] = value.kernelWidth
      words[at + 13] = value.strideHeight
      words[at + 14] = value.strideWidth
      words[at + 15] = value.top
      words[at + 16] = value.left
      words[at + 17] = value.dilationHeight
      words[at + 18] = value.dilationWidth
      words[at + 19] = value.taps
    },
  },
  Packing: {
    words: 8,
    write: (value, at, words) => {
      words[at] = value.filter
      words[at + 1] = value.packed
      words[at + 2] = value.taps
      words[at + 3] = value.sources
      words[at + 4] = value.inner
      words[at + 5] = value.outer
      words[at + 6] = value.innerStep
      words[at + 7] = value.outerStep
    },
  },
  Padded: {
    words: 10,
    write: (value, at, words) => {
      words[at] = value.images
      words[at + 1] = value.height
      words[at + 2] = value.width
      words[at + 3] = value.channels
      words[at + 4] = value.top
      words[at + 5] = value.left
      words[at + 6] = value.paddedHeight
      words[at + 7] = value.paddedWidth
      words[at + 8] = value.scratch
      words[at + 9] = value.scratchStep
    },
  },
  Phase: {
    words: 11,
    write: (value, at, words) => {
      words[at] = value.rows
      words[at + 1] = value.columns
      words[at + 2] = value.inputRow
      words[at + 3] = value.inputColumn
      words[at + 4] = value.output
      words[at + 5] = value.outputRow
      words[at + 6] = value.outputColumn
      words[at + 7] = value.taps
      words[at + 8] = value.offsets
      words[at + 9] = value.run
      words[at + 10] = value.weights
    },
  },
  PixelShuffle: {
    words: 6,
    write: (value, at, words) => {
      words[at] = value.low
      words[at + 1] = value.high
      words[at + 2] = value.rows
      words[at + 3] = value.width
      words[at + 4] = value.channels
      words[at + 5] = value.factor
    },
  },
  Plane: {
    words: 8,
    write: (value, at, words) => {
      words[at] = value.large
      words[at + 1] = value.small
      words[at + 2] = value.indices
      words[at + 3] = value.batch
      words[at + 4] = value.plane
      words[at + 5] = value.count
      words[at + 6] = value.channels
      words[at + 7] = value.adds ? 1 : 0
    },
  },
  Resize: {
    words: 9,
    write: (value, at, words) => {
      words[at] = value.x
      words[at + 1] = value.y
      words[at + 2] = value.outer
      words[at + 3] = value.inputSize
      words[at + 4] = value.outputSize
      words[at + 5] = value.inner
      words[at + 6] = value.starts
      words[at + 7] = value.sources
      words[at + 8] = value.weights
    },
  },
  SumAxis: {
    words: 6,
    write: (value, at, words, floats) => {
      words[at] = value.x
      words[at + 1] = value.y
      words[at + 2] = value.outer
      words[at + 3] = value.count
      words[at + 4] = value.inner
      floats[at + 5] = value.divisor
    },
  },
  Tile: {
    words: 5,
    write: (value, at, words) => {
      words[at] = value.x
      words[at + 1] = value.y
      words[at + 2] = value.outer
      words[at + 3] = value.repeats
      words[at + 4] = value.block
    },
  },
  WindowAverage: {
    words: 13,
    write: (value, at, words) => {
      words[at] = value.x
      words[at + 1] = value.y
      words[at + 2] = value.batch
      words[at + 3] = value.height
      words[at + 4] = value.width
      words[at + 5] = value.channels
      words[at + 6] = value.rows
      words[at + 7] = value.columns
      words[at + 8] = value.rowRanges
      words[at + 9] = value.columnRanges
      words[at + 10] = value.rowDivisors
      words[at + 11] = value.columnDivisors
      words[at + 12] = value.dividesInputs ? 1 : 0
    },
  },
}
