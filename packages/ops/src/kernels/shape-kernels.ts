import {
  backend_util,
  broadcast_util,
  type DataType,
  engine,
  type NamedTensorInfoMap,
  slice_util,
  type TensorInfo,
  util,
} from '@tensorflow/tfjs-core'

/** What a result is like. */
interface Spec {
  readonly shape: readonly number[]
  readonly dtype: DataType
  /** The tensor whose data it is: backends share it, and so do those who count bytes. */
  readonly shares?: TensorInfo
}

// biome-ignore lint/suspicious/noExplicitAny: the attributes of each stock kernel, which the engine does not type
type Rule = (inputs: readonly TensorInfo[], attributes: any, named: NamedTensorInfoMap) => Spec | Spec[]

const like = (x: TensorInfo, shape: readonly number[] = x.shape, dtype: DataType = x.dtype): Spec => ({ shape, dtype })
const same: Rule = ([x]) => like(x as TensorInfo)
const condition: Rule = ([x]) => like(x as TensorInfo, undefined, 'bool')
const broadcastTo =
  (dtype?: DataType): Rule =>
  ([a, b]) =>
    like(
      a as TensorInfo,
      broadcast_util.assertAndGetBroadcastShape((a as TensorInfo).shape, (b as TensorInfo).shape),
      dtype,
    )

/** Over axes that stock kernels call by several names. */
const reduction =
  (dtype?: DataType): Rule =>
  ([x], { axis, reductionIndices, keepDims }) => {
    const { shape } = x as TensorInfo
    const axes = util.parseAxisParam(axis ?? reductionIndices, shape)
    const [left] = backend_util.computeOutAndReduceShapes(shape, axes)
    return like(x as TensorInfo, keepDims ? backend_util.expandShapeToKeepDim(left, axes) : left, dtype)
  }

const convolution =
  (depthwise: boolean): Rule =>
  ([x, filter], { strides, pad, dilations, dimRoundingMode }) => {
    const [image, taps] = [x, filter].map((each) => (each as TensorInfo).shape as [number, number, number, number])
    const { outShape } = backend_util.computeConv2DInfo(
      image as [number, number, number, number],
      taps as [number, number, number, number],
      strides,
      dilations,
      pad,
      dimRoundingMode,
      depthwise,
    )
    return like(x as TensorInfo, outShape)
  }

const split: Rule = ([x], { numOrSizeSplits, axis }) => {
  const { shape } = x as TensorInfo
  const [along = 0] = util.parseAxisParam(axis, shape)
  const sizes: number[] = backend_util.prepareSplitSize(x as never, numOrSizeSplits, along)
  return sizes.map((size) => like(x as TensorInfo, shape.with(along, size)))
}

const names = (list: string): string[] => list.split(' ')
const table = (list: string, rule: Rule): [string, Rule][] => names(list).map((name) => [name, rule])

/** The shapes that tfjs's kernels give; an operator of ours has them from what it is composed of. */
export const shapeRules: ReadonlyMap<string, Rule> = new Map([
  ...table(
    'Relu Relu6 Elu Selu Sigmoid Tanh Softplus LeakyRelu Neg Exp Expm1 Log Log1p Sqrt Rsqrt Square Abs Cos Sin Erf Reciprocal Floor Ceil Round Sign ClipByValue Softmax LogSoftmax Cumsum Reverse ZerosLike OnesLike Prelu TensorScatterUpdate AddN',
    same,
  ),
  ...table('IsNan IsFinite IsInf LogicalNot', condition),
  ...table('Add Sub Multiply RealDiv Maximum Minimum SquaredDifference Pow FloorDiv Mod', broadcastTo()),
  ...table('Greater GreaterEqual Less LessEqual Equal NotEqual LogicalAnd LogicalOr', broadcastTo('bool')),
  ...table('Sum Mean Max Min Prod', reduction()),
  ...table('All Any', reduction('bool')),
  ...table('ArgMax ArgMin', reduction('int32')),
  ['Identity', ([x]) => ({ ...like(x as TensorInfo), shares: x as TensorInfo })],
  [
    'Reshape',
    ([x], { shape }) => ({
      ...like(x as TensorInfo, util.inferFromImplicitShape(shape, util.sizeFromShape((x as TensorInfo).shape))),
      shares: x as TensorInfo,
    }),
  ],
  [
    'ExpandDims',
    ([x], { dim }) => {
      const { shape } = x as TensorInfo
      return {
        ...like(x as TensorInfo, shape.toSpliced(dim < 0 ? shape.length + dim + 1 : dim, 0, 1)),
        shares: x as TensorInfo,
      }
    },
  ],
  [
    'Cast',
    ([x], { dtype }) => ({
      ...like(x as TensorInfo, undefined, dtype),
      ...((x as TensorInfo).dtype === dtype && { shares: x as TensorInfo }),
    }),
  ],
  [
    'Transpose',
    ([x], { perm }) =>
      like(
        x as TensorInfo,
        (perm as number[]).map((axis) => (x as TensorInfo).shape[axis] as number),
      ),
  ],
  [
    'Slice',
    ([x], { begin, size }) =>
      like(x as TensorInfo, slice_util.parseSliceParams(x as never, begin, size)[1] as number[]),
  ],
  [
    'StridedSlice',
    ([x], { begin, end, strides, beginMask, endMask, ellipsisMask, newAxisMask, shrinkAxisMask }) =>
      like(
        x as TensorInfo,
        slice_util.sliceInfo(
          (x as TensorInfo).shape,
          begin,
          end,
          strides,
          beginMask,
          endMask,
          ellipsisMask,
          newAxisMask,
          shrinkAxisMask,
        ).finalShape,
      ),
  ],
  [
    'PadV2',
    ([x], { paddings }) =>
      like(
        x as TensorInfo,
        (x as TensorInfo).shape.map((size, axis) => size + paddings[axis][0] + paddings[axis][1]),
      ),
  ],
  [
    'Tile',
    ([x], { reps }) =>
      like(
        x as TensorInfo,
        (x as TensorInfo).shape.map((size, axis) => size * reps[axis]),
      ),
  ],
  [
    'Concat',
    (xs, { axis }) => {
      const shapes = xs.map(({ shape }) => shape)
      const [along = 0] = util.parseAxisParam(axis, shapes[0] as number[])
      return like(xs[0] as TensorInfo, backend_util.computeOutShape(shapes, along))
    },
  ],
  [
    'Pack',
    (xs, { axis }) => {
      const [first] = xs as [TensorInfo]
      return like(first, first.shape.toSpliced(axis < 0 ? first.shape.length + axis + 1 : axis, 0, xs.length))
    },
  ],
  [
    'Unpack',
    ([x], { axis }) => {
      const { shape } = x as TensorInfo
      const along = axis < 0 ? shape.length + axis : axis
      return Array.from({ length: shape[along] as number }, () => like(x as TensorInfo, shape.toSpliced(along, 1)))
    },
  ],
  ['SplitV', split],
  [
    'GatherV2',
    (_, { axis, batchDims }, { x, indices }) => {
      const [along = 0] = util.parseAxisParam(axis, (x as TensorInfo).shape)
      const info = backend_util.segment_util.collectGatherOpShapeInfo(x as never, indices as never, along, batchDims)
      return like(x as TensorInfo, info.outputShape)
    },
  ],
  ['OneHot', ([x], { depth, dtype }) => like(x as TensorInfo, [...(x as TensorInfo).shape, depth], dtype)],
  ['Select', (_, __, { t, e }) => like((t ?? e) as TensorInfo)],
  ['ScatterNd', (_, { shape }, { updates }) => like(updates as TensorInfo, shape)],
  ['Fill', (_, { shape, dtype }) => ({ shape, dtype: dtype ?? 'float32' })],
  ['Range', (_, { start, stop, step, dtype }) => ({ shape: [Math.max(0, Math.ceil((stop - start) / step))], dtype })],
  [
    'TopK',
    ([x], { k }) => {
      const shape = (x as TensorInfo).shape.with(-1, k)
      return [like(x as TensorInfo, shape), like(x as TensorInfo, shape, 'int32')]
    },
  ],
  [
    'BatchMatMul',
    ([a, b], { transposeA, transposeB }) => {
      const [left, right] = [(a as TensorInfo).shape, (b as TensorInfo).shape]
      const lead = broadcast_util.assertAndGetBroadcastShape(left.slice(0, -2), right.slice(0, -2))
      return like(a as TensorInfo, [
        ...lead,
        left.at(transposeA ? -1 : -2) as number,
        right.at(transposeB ? -2 : -1) as number,
      ])
    },
  ],
  ['Conv2D', convolution(false)],
  ['Conv2DBackpropInput', ([dy], { inputShape }) => like(dy as TensorInfo, inputShape)],
  ['Conv2DBackpropFilter', ([x], { filterShape }) => like(x as TensorInfo, filterShape)],
  ['DepthwiseConv2dNative', convolution(true)],
  ['DepthwiseConv2dNativeBackpropInput', ([dy], { inputShape }) => like(dy as TensorInfo, inputShape)],
  ['DepthwiseConv2dNativeBackpropFilter', ([x], { filterShape }) => like(x as TensorInfo, filterShape)],
] satisfies [string, Rule][])

/** Results of these shapes on the engine's backend, without values. */
export function makeInfos(specs: Spec | Spec[], share: (x: TensorInfo) => object): TensorInfo | TensorInfo[] {
  const make = ({ shape, dtype, shares }: Spec): TensorInfo => ({
    dataId: shares === undefined ? engine().backend.write(undefined as never, [...shape], dtype) : share(shares),
    shape: [...shape],
    dtype,
  })
  return Array.isArray(specs) ? specs.map(make) : make(specs)
}
