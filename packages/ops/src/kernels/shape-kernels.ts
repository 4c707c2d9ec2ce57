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
import { entryOf, itemAt, tuple } from '../checks/item.ts'

/** What a result is like. */
interface Spec {
  readonly shape: readonly number[]
  readonly dtype: DataType
  /** The tensor whose data it is: backends share it, and so do those who count bytes. */
  readonly shares?: TensorInfo
}

// biome-ignore lint/suspicious/noExplicitAny: the attributes of each stock kernel, which the engine does not type
type Attributes = any
type Result = Spec | Spec[]
type Rule = (inputs: readonly TensorInfo[], attributes: Attributes, named: NamedTensorInfoMap) => Result

/** The rule of a kernel with one tensor that decides. */
const ofOne =
  (rule: (x: TensorInfo, attributes: Attributes) => Result): Rule =>
  (inputs, attributes) =>
    rule(itemAt(inputs, 0), attributes)
/** The rule of a kernel with two of them. */
const ofTwo =
  (rule: (a: TensorInfo, b: TensorInfo, attributes: Attributes) => Result): Rule =>
  (inputs, attributes) =>
    rule(itemAt(inputs, 0), itemAt(inputs, 1), attributes)

const like = (x: TensorInfo, shape: readonly number[] = x.shape, dtype: DataType = x.dtype): Spec => ({ shape, dtype })
const same = ofOne((x) => like(x))
const condition = ofOne((x) => like(x, undefined, 'bool'))
const broadcastTo = (dtype?: DataType): Rule =>
  ofTwo((a, b) => like(a, broadcast_util.assertAndGetBroadcastShape(a.shape, b.shape), dtype))

/** Over axes that stock kernels call by several names. */
const reduction = (dtype?: DataType): Rule =>
  ofOne((x, { axis, reductionIndices, keepDims }) => {
    const axes = util.parseAxisParam(axis ?? reductionIndices, x.shape)
    const [left] = backend_util.computeOutAndReduceShapes(x.shape, axes)
    return like(x, keepDims ? backend_util.expandShapeToKeepDim(left, axes) : left, dtype)
  })

const convolution = (depthwise: boolean): Rule =>
  ofTwo((x, filter, { strides, pad, dilations, dimRoundingMode }) => {
    const { outShape } = backend_util.computeConv2DInfo(
      tuple(x.shape, 4),
      tuple(filter.shape, 4),
      strides,
      dilations,
      pad,
      dimRoundingMode,
      depthwise,
    )
    return like(x, outShape)
  })

const split = ofOne((x, { numOrSizeSplits, axis }) => {
  const [along = 0] = util.parseAxisParam(axis, x.shape)
  const sizes: number[] = backend_util.prepareSplitSize(x, numOrSizeSplits, along)
  return sizes.map((size) => like(x, x.shape.with(along, size)))
})

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
  ['Identity', ofOne((x) => ({ ...like(x), shares: x }))],
  [
    'Reshape',
    ofOne((x, { shape }) => ({
      ...like(x, util.inferFromImplicitShape(shape, util.sizeFromShape(x.shape))),
      shares: x,
    })),
  ],
  [
    'ExpandDims',
    ofOne((x, { dim }) => ({
      ...like(x, x.shape.toSpliced(dim < 0 ? x.shape.length + dim + 1 : dim, 0, 1)),
      shares: x,
    })),
  ],
  ['Cast', ofOne((x, { dtype }) => ({ ...like(x, undefined, dtype), ...(x.dtype === dtype && { shares: x }) }))],
  [
    'Transpose',
    ofOne((x, { perm }) => {
      const axes: number[] = perm
      return like(
        x,
        axes.map((axis) => itemAt(x.shape, axis)),
      )
    }),
  ],
  ['Slice', ofOne((x, { begin, size }) => like(x, itemAt(slice_util.parseSliceParams(x, begin, size), 1)))],
  [
    'StridedSlice',
    ofOne((x, { begin, end, strides, beginMask, endMask, ellipsisMask, newAxisMask, shrinkAxisMask }) =>
      like(
        x,
        slice_util.sliceInfo(
          x.shape,
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
    ),
  ],
  [
    'PadV2',
    ofOne((x, { paddings }) =>
      like(
        x,
        x.shape.map((size, axis) => size + paddings[axis][0] + paddings[axis][1]),
      ),
    ),
  ],
  [
    'Tile',
    ofOne((x, { reps }) =>
      like(
        x,
        x.shape.map((size, axis) => size * reps[axis]),
      ),
    ),
  ],
  [
    'Concat',
    (xs, { axis }) => {
      const shapes = xs.map(({ shape }) => shape)
      const [along = 0] = util.parseAxisParam(axis, itemAt(shapes, 0))
      return like(itemAt(xs, 0), backend_util.computeOutShape(shapes, along))
    },
  ],
  [
    'Pack',
    (xs, { axis }) => {
      const first = itemAt(xs, 0)
      return like(first, first.shape.toSpliced(axis < 0 ? first.shape.length + axis + 1 : axis, 0, xs.length))
    },
  ],
  [
    'Unpack',
    ofOne((x, { axis }) => {
      const along = axis < 0 ? x.shape.length + axis : axis
      return Array.from({ length: itemAt(x.shape, along) }, () => like(x, x.shape.toSpliced(along, 1)))
    }),
  ],
  ['SplitV', split],
  [
    'GatherV2',
    (_, { axis, batchDims }, named) => {
      const [x, indices] = [entryOf(named, 'x'), entryOf(named, 'indices')]
      const [along = 0] = util.parseAxisParam(axis, x.shape)
      const info = backend_util.segment_util.collectGatherOpShapeInfo(x, indices, along, batchDims)
      return like(x, info.outputShape)
    },
  ],
  ['OneHot', ofOne((x, { depth, dtype }) => like(x, [...x.shape, depth], dtype))],
  ['Select', (_, __, named) => like(entryOf(named, 't'))],
  ['ScatterNd', (_, { shape }, named) => like(entryOf(named, 'updates'), shape)],
  ['Fill', (_, { shape, dtype }) => ({ shape, dtype: dtype ?? 'float32' })],
  ['Range', (_, { start, stop, step, dtype }) => ({ shape: [Math.max(0, Math.ceil((stop - start) / step))], dtype })],
  [
    'TopK',
    ofOne((x, { k }) => {
      const shape = x.shape.with(-1, k)
      return [like(x, shape), like(x, shape, 'int32')]
    }),
  ],
  [
    'BatchMatMul',
    ofTwo((a, b, { transposeA, transposeB }) => {
      const [left, right] = [a.shape, b.shape]
      const lead = broadcast_util.assertAndGetBroadcastShape(left.slice(0, -2), right.slice(0, -2))
      const rows = itemAt(left, left.length - (transposeA ? 1 : 2))
      const columns = itemAt(right, right.length - (transposeB ? 2 : 1))
      return like(a, [...lead, rows, columns])
    }),
  ],
  ['Conv2D', convolution(false)],
  ['Conv2DBackpropInput', ofOne((dy, { inputShape }) => like(dy, inputShape))],
  ['Conv2DBackpropFilter', ofOne((x, { filterShape }) => like(x, filterShape))],
  ['DepthwiseConv2dNative', convolution(true)],
  ['DepthwiseConv2dNativeBackpropInput', ofOne((dy, { inputShape }) => like(dy, inputShape))],
  ['DepthwiseConv2dNativeBackpropFilter', ofOne((x, { filterShape }) => like(x, filterShape))],
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
