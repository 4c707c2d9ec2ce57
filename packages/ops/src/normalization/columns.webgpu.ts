import type { Tensor, TensorInfo } from '@tensorflow/tfjs-core'
import { activated } from '../activation/activated.webgpu.ts'
import type { Activation } from '../activation/activations.ts'
import { type Partials, sumColumns } from '../array/column-sums.webgpu.ts'
import type { Gpu } from '../kernels/webgpu-kernel.ts'
import { sumOverLanes, workgroupSize } from '../kernels/webgpu-lanes.ts'
import type { Binding } from '../kernels/webgpu-program.ts'

/**
 * `x` seen as `[outer, rows, channels]`, normalised for each `outer` over the rows and each of `groups` of neighbouring
 * channels. Batch norm has one `outer` and a group for each channel.
 */
export interface Columns {
  readonly outer: number
  readonly rows: number
  readonly channels: number
  readonly groups: number
}

export interface Norm extends Columns {
  readonly eps: number
  readonly activation?: Activation
}

export type Affine = { readonly x: Tensor; readonly weight: Tensor; readonly bias: Tensor }

/** The mean and the biased variance of each group. */
export type Statistics = readonly [mean: TensorInfo, variance: TensorInfo]

/** How the tensors of a norm are bound: in vec4s where a group's channels come in fours or are single. */
function layoutOf({ channels, groups, rows }: Columns): {
  type: 'f32' | 'vec4<f32>'
  blocks: number
  /** One value a group; of single channels as they are. */
  statistic: (tensor: TensorInfo) => Binding
  uniforms: Record<'rows' | 'blocks' | 'statisticsOfOuter' | 'blocksOfStatistic', number>
} {
  const perGroup = channels / groups
  const inFours = channels % 4 === 0 && (perGroup === 1 || perGroup % 4 === 0)
  const size = inFours ? 4 : 1
  const single = perGroup === 1
  const type = inFours ? 'vec4<f32>' : 'f32'
  const blocks = channels / size
  return {
    type,
    blocks,
    statistic: (tensor) => [tensor, single ? type : 'f32'],
    uniforms: {
      rows,
      blocks,
      statisticsOfOuter: single ? blocks : groups,
      blocksOfStatistic: single ? 1 : perGroup / size,
    },
  }
}

/** Where a block's group has its statistics. */
const findGroup = (outer: string): string =>
  `let group = ${outer} * uniforms.statisticsOfOuter + block / uniforms.blocksOfStatistic;`

/**
 * The statistics of each group, `[outer · groups]` values each, and the next running ones, in two dispatches: sums of `d` and `d²` with
 * `d = x − pivot` for one pivot a group, its first value; then what follows from them. One pass over `x`, and far from
 * zero the squares of `d` are as small as the variance.
 */
export function columnStatistics(
  gpu: Gpu,
  label: string,
  x: Tensor,
  columns: Columns,
  shape: readonly number[],
  running?: { mean: Tensor; variance: Tensor; momentum: number; unbiased: number },
): { statistics: Statistics; next: TensorInfo[] } {
  const { outer, rows, channels, groups } = columns
  const { type, blocks, uniforms } = layoutOf(columns)
  const perGroup = channels / groups
  const pivot =
    perGroup === 1
      ? 'x[outer * uniforms.rows * uniforms.blocks + block]'
      : `${type}(x[outer * uniforms.rows * uniforms.blocks + block / uniforms.blocksOfStatistic * uniforms.blocksOfStatistic]${type === 'f32' ? '' : '.x'})`
  const pivots = gpu.scratch([outer, channels])
  const partials = sumColumns(gpu, {
    label: `${label} sums`,
    variant: perGroup === 1 ? 'channels' : 'groups',
    reads: { x: [x, type] },
    uniforms,
    outer,
    rows,
    blocks,
    type,
    sums: ['sum', 'squares'],
    begin: `let pivot = ${pivot};`,
    add: 'let d = x[row * uniforms.blocks + block] - pivot; sum += d; squares += d * d;',
    writes: { pivots: [pivots, type] },
    end: 'if (part == 0) { pivots[outer * uniforms.blocks + block] = pivot; }',
  })
  const [mean, variance] = [gpu.output(shape), gpu.output(shape)]
  const nextMean = running && gpu.output(running.mean.shape)
  const nextVar = running && gpu.output(running.variance.shape)
  const total = finishing(gpu, ['sum', 'squares'])
  const size = outer * groups
  gpu.run({
    label: `${label} finish`,
    variant: `${gpu.variant} ${running === undefined ? '' : 'running'}`,
    reads: {
      partials: [partials.tensor, 'f32'],
      pivots: [pivots, 'f32'],
      ...(running && { runningMean: [running.mean, 'f32'], runningVar: [running.variance, 'f32'] }),
    },
    writes: {
      mean: [mean, 'f32'],
      variance: [variance, 'f32'],
      ...(nextMean && nextVar && { nextMean: [nextMean, 'f32'], nextVar: [nextVar, 'f32'] }),
    },
    uniforms: { size, parts: partials.parts, channels, groups, perGroup },
    floats: {
      count: rows * perGroup,
      momentum: running?.momentum ?? 0,
      varianceShare: (running?.momentum ?? 0) * (running?.unbiased ?? 0),
    },
    workgroupSize,
    workgroups: total.workgroups(size),
    code: () => /* wgsl */ `
${total.declarations}
fn run(workgroup : i32, local : i32) {
  ${total.begin}
  let outer = unit / uniforms.groups;
  let channel = unit % uniforms.groups * uniforms.perGroup;
  for (var i = lane; i < uniforms.parts * uniforms.perGroup; i += ${total.lanes}) {
    let at = (outer * uniforms.parts + i / uniforms.perGroup) * 2 * uniforms.channels + channel + i % uniforms.perGroup;
    sum += partials[at];
    squares += partials[at + uniforms.channels];
  }
  ${total.code}
  if (lane > 0) { return; }
  let shift = sum / uniforms.count; // the mean's distance from the pivot
  let average = pivots[outer * uniforms.channels + channel] + shift;
  let rounded = squares / uniforms.count - shift * shift;
  let biased = select(rounded, 0.0, rounded < 0.0); // not max, which may lose a NaN
  mean[unit] = average;
  variance[unit] = biased;
  ${
    running === undefined
      ? ''
      : `
  nextMean[unit] = (1.0 - uniforms.momentum) * runningMean[unit] + uniforms.momentum * average;
  nextVar[unit] = (1.0 - uniforms.momentum) * runningVar[unit] + uniforms.varianceShare * biased;`
  }
}`,
  })
  return { statistics: [mean, variance], next: nextMean && nextVar ? [nextMean, nextVar] : [] }
}

/** Lanes that finish a sum: a workgroup's on a GPU, one where barriers are slow. Each `unit` is one sum's. */
function finishing(
  gpu: Gpu,
  sums: readonly string[],
): {
  lanes: number
  declarations: string
  begin: string
  code: string
  workgroups: (size: number) => number
} {
  const lanes = gpu.variant === 'software' ? 1 : workgroupSize
  const begin =
    lanes === 1
      ? `let lane = 0; let unit = workgroup * ${workgroupSize} + local; if (unit >= uniforms.size) { return; }`
      : 'let lane = local; let unit = workgroup;'
  return {
    ...sumOverLanes(lanes, 1, sums, 'f32'),
    lanes,
    begin: `${begin} ${sums.map((sum) => `var ${sum} = 0.0;`).join(' ')}`,
    workgroups: (size) => (lanes === 1 ? Math.ceil(size / workgroupSize) : size),
  }
}

/** `activation((x − mean) / √(variance + eps) · weight + bias)` in one dispatch, which `label` names. */
export function normaliseColumns(
  gpu: Gpu,
  label: string,
  { x, weight, bias }: Affine,
  [mean, variance]: Statistics,
  norm: Norm,
): TensorInfo {
  const y = gpu.output(x.shape)
  const { type, statistic, uniforms } = layoutOf(norm)
  const { rowsEach, workgroups } = spread(norm, uniforms.blocks)
  gpu.run({
    label,
    variant: norm.activation ?? 'linear',
    reads: {
      x: [x, type],
      weight: [weight, type],
      bias: [bias, type],
      mean: statistic(mean),
      variance: statistic(variance),
    },
    writes: { y: [y, type] },
    uniforms: { ...uniforms, outer: norm.outer, rowsEach },
    floats: { eps: norm.eps },
    workgroupSize,
    workgroups,
    code: () =>
      eachRow(
        `
  let centre = ${type}(mean[group]);
  let scale = weight[block] / sqrt(${type}(variance[group]) + ${type}(uniforms.eps));
  let offset = bias[block];`,
        `y[index] = ${activated(`(x[index] - centre) * scale + offset`, type, norm.activation)};`,
      ),
  })
  return y
}

/** Each invocation has some rows of a block, so that what channels have in common is read once. */
function spread({ outer, rows }: Columns, blocks: number): { rowsEach: number; workgroups: number } {
  const rowsEach = Math.max(1, Math.min(8, Math.floor((outer * rows * blocks) / (workgroupSize * 256))))
  return { rowsEach, workgroups: Math.ceil((outer * Math.ceil(rows / rowsEach) * blocks) / workgroupSize) }
}

/** Neighbouring invocations have neighbouring blocks of a row, and of the rows every `strips`-th. */
const eachRow = (begin: string, row: string): string => /* wgsl */ `
fn run(workgroup : i32, local : i32) {
  let unit = workgroup * ${workgroupSize} + local;
  let strips = (uniforms.rows + uniforms.rowsEach - 1) / uniforms.rowsEach;
  let block = unit % uniforms.blocks;
  let strip = unit / uniforms.blocks % strips;
  let outer = unit / uniforms.blocks / strips;
  if (outer >= uniforms.outer) { return; }
  ${findGroup('outer')}
  ${begin}
  for (var row = strip; row < uniforms.rows; row += strips) {
    let index = (outer * uniforms.rows + row) * uniforms.blocks + block;
    ${row}
  }
}`

/**
 * `d`, the gradient at the normalised output of `index` in `channel` (a block of them), and `hat`, the normalised `x`.
 * ReLU's mask is made again; a NaN passes it.
 */
export const difference = (type: string, activation?: Activation): string => `
    let hat = (x[index] - centre) * inverse;
    ${
      activation === 'relu'
        ? `let d = select(dy[index], ${type}(0.0), hat * weight[channel] + bias[channel] <= ${type}(0.0));`
        : 'let d = dy[index];'
    }`

export const normalised = (type: string): string => `
  let centre = ${type}(mean[group]);
  let inverse = ${type}(1.0) / sqrt(${type}(variance[group]) + ${type}(uniforms.eps));`

/** Without an activation the gradient's first pass has no use for weight and bias. */
const masked = <T extends object>(activation: Activation | undefined, reads: T): T | Record<string, never> =>
  activation === 'relu' ? reads : {}

/** `[dx, dweight, dbias]` in three dispatches: sums of `d` and `d · x̂`, what follows from them, and `dx`. */
export function columnGradients(
  gpu: Gpu,
  label: string,
  { dy, x, weight, bias }: Affine & { readonly dy: Tensor },
  [mean, variance]: Statistics,
  norm: Norm,
): [dx: TensorInfo, dweight: TensorInfo, dbias: TensorInfo] {
  const { outer, channels, groups, eps, activation } = norm
  const { type, statistic, blocks, uniforms } = layoutOf(norm)
  const partials = sumDifferences(gpu, label, { dy, x, weight, bias }, [mean, variance], norm)
  const means = gpu.scratch([outer, groups, 2])
  const [dweight, dbias] = finishGradients(gpu, label, partials, weight, norm, means)
  const dx = gpu.output(x.shape)
  const { rowsEach, workgroups } = spread(norm, blocks)
  const single = channels === groups
  const part = (index: number): string =>
    single && type !== 'f32'
      ? `${type}(${[0, 1, 2, 3].map((each) => `means[8 * group + ${2 * each + index}]`).join(', ')})`
      : `${type}(means[2 * group + ${index}])`
  gpu.run({
    label: `${label} apply`,
    variant: `${activation ?? 'linear'} ${single ? 'channels' : 'groups'}`,
    reads: {
      dy: [dy, type],
      x: [x, type],
      weight: [weight, type],
      ...masked(activation, { bias: [bias, type] as const }),
      mean: statistic(mean),
      variance: statistic(variance),
      means: [means, 'f32'],
    },
    writes: { dx: [dx, type] },
    uniforms: { ...uniforms, outer, rowsEach },
    floats: { eps },
    workgroupSize,
    workgroups,
    code: () =>
      eachRow(
        `${normalised(type)}
  let first = ${part(0)};
  let second = ${part(1)};
  let channel = block;`,
        `${difference(type, activation)}
    dx[index] = inverse * (d * weight[channel] - first - hat * second);`,
      ),
  })
  return [dx, dweight, dbias]
}

/** Partial sums over rows of `d` and of `d · x̂`, with statistics for each `outer` or for each of the rows. */
export function sumDifferences(
  gpu: Gpu,
  label: string,
  { dy, x, weight, bias }: Affine & { readonly dy: Tensor },
  [mean, variance]: Statistics,
  norm: Norm,
  statisticsOf: 'outer' | 'rows' = 'outer',
): Partials {
  const { type, blocks, statistic, uniforms } = layoutOf(norm)
  const common = `${findGroup(statisticsOf === 'outer' ? 'outer' : 'row')}${normalised(type)}`
  const add = `let index = row * uniforms.blocks + block;${difference(type, norm.activation)}
    sum += d; slope += d * hat;`
  return sumColumns(gpu, {
    label: `${label} sums`,
    variant: `${norm.activation ?? 'linear'} ${statisticsOf}`,
    reads: {
      dy: [dy, type],
      x: [x, type],
      ...masked(norm.activation, { weight: [weight, type] as const, bias: [bias, type] as const }),
      mean: statistic(mean),
      variance: statistic(variance),
    },
    uniforms,
    floats: { eps: norm.eps },
    outer: norm.outer,
    rows: norm.rows,
    blocks,
    type,
    sums: ['sum', 'slope'],
    begin: `let channel = block; ${statisticsOf === 'outer' ? common : ''}`,
    add: statisticsOf === 'outer' ? add : `${common} ${add}`,
  })
}

/**
 * `[dweight, dbias]`, the sums of `d · x̂` and `d` for each channel; and into `means`, where it is given, the means over
 * each group of `weight · d` and `weight · d · x̂`.
 */
export function finishGradients(
  gpu: Gpu,
  label: string,
  { tensor, parts }: Partials,
  weight: Tensor,
  { outer, rows, channels, groups }: Columns,
  means?: TensorInfo,
): [dweight: TensorInfo, dbias: TensorInfo] {
  const [dweight, dbias] = [gpu.output(weight.shape), gpu.output(weight.shape)]
  const total = finishing(gpu, ['sum', 'slope'])
  const size = channels + (means === undefined ? 0 : outer * groups)
  const perGroup = channels / groups
  gpu.run({
    label: `${label} finish`,
    variant: `${gpu.variant} ${means === undefined ? 'channels' : 'groups'}`,
    reads: { partials: [tensor, 'f32'], ...(means && { weight: [weight, 'f32'] as const }) },
    writes: { dweight: [dweight, 'f32'], dbias: [dbias, 'f32'], ...(means && { means: [means, 'f32'] as const }) },
    uniforms: { size, outer, parts, channels, groups, perGroup },
    floats: { count: rows * perGroup },
    workgroupSize,
    workgroups: total.workgroups(size),
    code: () => /* wgsl */ `
${total.declarations}
fn run(workgroup : i32, local : i32) {
  ${total.begin}
  // Units are channels, then groups.
  let isChannel = unit < uniforms.channels;
  let group = max(unit - uniforms.channels, 0);
  let wide = select(uniforms.perGroup, 1, isChannel);
  let firstChannel = select(group % uniforms.groups * uniforms.perGroup, unit, isChannel);
  let firstRow = select(group / uniforms.groups * uniforms.parts, 0, isChannel);
  let count = select(uniforms.parts * uniforms.perGroup, uniforms.outer * uniforms.parts, isChannel);
  for (var i = lane; i < count; i += ${total.lanes}) {
    let channel = firstChannel + i % wide;
    let at = (firstRow + i / wide) * 2 * uniforms.channels + channel;
    ${means === undefined ? 'let share = 1.0;' : 'let share = select(weight[channel], 1.0, isChannel);'}
    sum += share * partials[at];
    slope += share * partials[at + uniforms.channels];
  }
  ${total.code}
  if (lane > 0) { return; }
  if (isChannel) {
    dbias[unit] = sum;
    dweight[unit] = slope;
  }${
    means === undefined
      ? ''
      : ` else {
    means[2 * group] = sum / uniforms.count;
    means[2 * group + 1] = slope / uniforms.count;
  }`
  }
}`,
  })
  return [dweight, dbias]
}
