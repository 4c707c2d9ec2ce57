import type { Tensor, TensorInfo } from '@tensorflow/tfjs-core'
import { activated } from '../activation/activated.webgpu.ts'
import type { Gpu } from '../kernels/webgpu-kernel.ts'
import { lanesFor, sumOverLanes, workgroupSize } from '../kernels/webgpu-lanes.ts'
import {
  type Affine,
  difference,
  finishGradients,
  type Norm,
  normalised,
  type Statistics,
  sumDifferences,
} from './columns.webgpu.ts'

/** Rows that lie together, `[outer, 1, channels]` in groups: each group of each row is normalised by itself. */
function rowsOf({ outer, channels, groups }: Norm, { variant }: Gpu) {
  const length = channels / groups
  const type = length % 4 === 0 ? ('vec4<f32>' as const) : ('f32' as const)
  const blocks = type === 'f32' ? length : length / 4
  const units = outer * groups
  // A processor has no use for lanes, but a long sum in one piece loses digits.
  const lanes = variant === 'software' && blocks <= 4096 ? 1 : lanesFor(blocks, workgroupSize)
  return {
    type,
    lanes,
    uniforms: { units, blocks, groups },
    workgroups: Math.ceil((units * lanes) / workgroupSize),
    /** The sum of a block's values. */
    total: (value: string): string => (type === 'f32' ? value : `dot(${value}, vec4<f32>(1.0))`),
    begin: /* wgsl */ `
  let lane = local % ${lanes};
  let unit = workgroup * ${workgroupSize / lanes} + local / ${lanes};
  let start = unit * uniforms.blocks;
  let affine = unit % uniforms.groups * uniforms.blocks;
  let after = select(0, uniforms.blocks, unit < uniforms.units);`,
    eachBlock: (code: string): string => /* wgsl */ `
  for (var block = lane; block < after; block += ${lanes}) {
    let index = start + block;
    ${code}
  }`,
  }
}

/** `[activation((x − mean) / √(variance + eps) · weight + bias), mean, variance]` in one dispatch. */
export function normaliseRows(
  gpu: Gpu,
  label: string,
  { x, weight, bias }: Affine,
  norm: Norm,
  shape: readonly number[],
): TensorInfo[] {
  const { type, lanes, uniforms, workgroups, total, begin, eachBlock } = rowsOf(norm, gpu)
  const [y, mean, variance] = [gpu.output(x.shape), gpu.output(shape), gpu.output(shape)] as const
  const [sum, squares] = [sumOverLanes(lanes, 1, ['sum'], 'f32'), sumOverLanes(lanes, 1, ['squares'], 'f32')]
  gpu.run({
    label: `${label} rows`,
    variant: `${norm.activation ?? 'linear'} ${lanes}`,
    reads: { x: [x, type], weight: [weight, type], bias: [bias, type] },
    writes: { y: [y, type], mean: [mean, 'f32'], variance: [variance, 'f32'] },
    uniforms,
    floats: { eps: norm.eps, length: norm.channels / norm.groups },
    workgroupSize,
    workgroups,
    code: () => /* wgsl */ `
${sum.declarations} ${squares.declarations}
fn run(workgroup : i32, local : i32) {
  ${begin}
  // Far from zero, the distances from one of the values keep their digits.
  let pivot = x[min(unit, uniforms.units - 1) * uniforms.blocks]${type === 'f32' ? '' : '.x'};
  var sum = 0.0;
  ${eachBlock(`sum += ${total(`x[index] - ${type}(pivot)`)};`)}
  ${sum.code}
  let average = pivot + sum / uniforms.length;
  var squares = 0.0;
  ${eachBlock(`let d = x[index] - ${type}(average); squares += ${total('d * d')};`)}
  ${squares.code}
  let spread = squares / uniforms.length;
  let inverse = 1.0 / sqrt(spread + uniforms.eps);
  ${eachBlock(
    `y[index] = ${activated(`(x[index] - ${type}(average)) * inverse * weight[affine + block] + bias[affine + block]`, type, norm.activation)};`,
  )}
  if (lane == 0 && unit < uniforms.units) {
    mean[unit] = average;
    variance[unit] = spread;
  }
}`,
  })
  return [y, mean, variance]
}

/** `[dx, dweight, dbias]`: `dx` row by row in one dispatch, the sums over rows in two. */
export function rowGradients(
  gpu: Gpu,
  label: string,
  inputs: Affine & { readonly dy: Tensor },
  statistics: Statistics,
  norm: Norm,
): [dx: TensorInfo, dweight: TensorInfo, dbias: TensorInfo] {
  const { dy, x, weight, bias } = inputs
  const [mean, variance] = statistics
  const { activation } = norm
  const { type, lanes, uniforms, workgroups, total, begin, eachBlock } = rowsOf(norm, gpu)
  const dx = gpu.output(x.shape)
  const sums = sumOverLanes(lanes, 1, ['sum', 'slope'], 'f32')
  const eachDifference = (code: string): string =>
    eachBlock(`let channel = affine + block;${difference(type, activation)}
    let e = d * weight[channel];
    ${code}`)
  gpu.run({
    label: `${label} rows`,
    variant: `${activation ?? 'linear'} ${lanes}`,
    reads: {
      dy: [dy, type],
      x: [x, type],
      weight: [weight, type],
      ...(activation === 'relu' && { bias: [bias, type] as const }),
      mean: [mean, 'f32'],
      variance: [variance, 'f32'],
    },
    writes: { dx: [dx, type] },
    uniforms,
    floats: { eps: norm.eps, length: norm.channels / norm.groups },
    workgroupSize,
    workgroups,
    code: () => /* wgsl */ `
${sums.declarations}
fn run(workgroup : i32, local : i32) {
  ${begin}
  let group = min(unit, uniforms.units - 1);
  ${normalised(type)}
  var sum = 0.0;
  var slope = 0.0;
  ${eachDifference(`sum += ${total('e')}; slope += ${total('e * hat')};`)}
  ${sums.code}
  let first = ${type}(sum / uniforms.length);
  let second = ${type}(slope / uniforms.length);
  ${eachDifference('dx[index] = inverse * (e - first - hat * second);')}
}`,
  })
  const rows = { ...norm, outer: 1, rows: norm.outer }
  const partials = sumDifferences(gpu, label, inputs, statistics, rows, 'rows')
  return [dx, ...finishGradients(gpu, label, partials, weight, rows)]
}
