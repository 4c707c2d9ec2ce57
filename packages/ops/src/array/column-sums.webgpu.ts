import type { TensorInfo } from '@tensorflow/tfjs-core'
import type { Gpu } from '../kernels/webgpu-kernel.ts'
import { lanesFor, sumOverLanes, workgroupSize } from '../kernels/webgpu-lanes.ts'
import type { Program } from '../kernels/webgpu-program.ts'

/** What is summed over the rows of `[outer, rows, channels]`. */
export interface ColumnSums extends Pick<Program, 'label' | 'variant' | 'reads' | 'uniforms' | 'floats'> {
  readonly outer: number
  readonly rows: number
  /** How many values of each channel `add` reads in a row (default: 1). */
  readonly rowLength?: number
  /** Channels of a row, in blocks of `type`. */
  readonly blocks: number
  readonly type: 'f32' | 'vec4<f32>' | 'i32'
  /** The names of the sums, which start at 0. */
  readonly sums: readonly string[]
  /** WGSL that adds row `row` (counted over all `outer`; `next` within it) of block `block` in `outer` to them. */
  readonly add: string
  /** WGSL before the rows: what a column has in common. */
  readonly begin?: string
  /** WGSL between the rows and the result, and what it writes besides it. */
  readonly end?: string
  readonly writes?: Program['writes']
  /** How many partial sums of each column there may be (default: as many as keep the device busy). */
  readonly mostParts?: number
  /** Where the sums go if there is one part (default: scratch). */
  readonly result?: TensorInfo
}

/** Partial sums `[outer, parts, sums, channels]`. */
export interface Partials {
  readonly tensor: TensorInfo
  readonly parts: number
}

/** Workgroups that keep a large GPU busy. */
const busy = 512

/**
 * Sums over rows in one pass: each workgroup adds some rows of up to 16 blocks of channels, neighbouring invocations
 * reading neighbouring blocks, and leaves one partial sum of each. Where barriers are slow, or rows few, an invocation
 * adds up a block by itself: √rows rows, at least 16.
 */
export function sumColumns(gpu: Gpu, job: ColumnSums): Partials {
  const { outer, rows, rowLength = 1, blocks, type, sums, mostParts = Number.POSITIVE_INFINITY, result } = job
  const isAlone = gpu.variant === 'software' || rows <= 16
  const width = isAlone ? workgroupSize : lanesFor(blocks, type === 'vec4<f32>' ? 16 : 32)
  const lanes = workgroupSize / width
  const tiles = Math.ceil(blocks / width)
  // What one workgroup (or invocation) adds up sooner than a second dispatch begins is one part.
  const values = rows * rowLength
  const few = isAlone ? 64 : 16 * lanes
  const many = isAlone
    ? Math.min(rows, values / Math.max(16, Math.ceil(Math.sqrt(values))))
    : Math.min(busy / (outer * tiles), values / (4 * lanes), rows / lanes)
  const wanted = values <= few ? 1 : many
  const rowsOfPart = Math.ceil(rows / Math.min(mostParts, Math.max(1, Math.floor(wanted))))
  const parts = Math.ceil(rows / rowsOfPart)
  const shape = [outer, parts, sums.length, blocks * (type === 'vec4<f32>' ? 4 : 1)]
  const dtype = type === 'i32' ? 'int32' : 'float32'
  const tensor = parts === 1 && result !== undefined ? result : gpu.scratch(shape, dtype)
  runColumnSums(gpu, job, { isAlone, width, rowsOfPart, parts, result: tensor })
  return { tensor, parts }
}

interface Division {
  readonly isAlone: boolean
  readonly width: number
  readonly rowsOfPart: number
  readonly parts: number
  readonly result: TensorInfo
}

function runColumnSums(gpu: Gpu, job: ColumnSums, { isAlone, width, rowsOfPart, parts, result }: Division): void {
  const {
    label,
    variant = '',
    reads,
    uniforms,
    floats = {},
    outer,
    rows,
    blocks,
    type,
    sums,
    add,
    begin,
    end,
    writes = {},
  } = job
  const lanes = workgroupSize / width
  const tiles = Math.ceil(blocks / width)
  const total = sumOverLanes(lanes, width, sums, type)
  gpu.run({
    label,
    variant: `${variant} ${isAlone ? 'alone' : width}`,
    reads,
    writes: { partials: [result, type], ...writes },
    uniforms: { ...uniforms, rows, rowsOfPart, parts, blocks, columns: outer * parts * blocks },
    floats,
    workgroupSize,
    workgroups: isAlone ? Math.ceil((outer * parts * blocks) / workgroupSize) : outer * parts * tiles,
    code: () => /* wgsl */ `
${total.declarations}
fn run(workgroup : i32, local : i32) {
  ${
    isAlone
      ? `
  let column = workgroup * ${workgroupSize} + local;
  if (column >= uniforms.columns) { return; }
  let lane = 0;
  let block = column % uniforms.blocks;
  let part = column / uniforms.blocks % uniforms.parts;
  let outer = column / uniforms.blocks / uniforms.parts;
  let first = part * uniforms.rowsOfPart;
  let after = min(first + uniforms.rowsOfPart, uniforms.rows);`
      : `
  let tiles = (uniforms.blocks + ${width - 1}) / ${width};
  let lane = local / ${width};
  let column = workgroup % tiles * ${width} + local % ${width};
  let block = min(column, uniforms.blocks - 1);
  let part = workgroup / tiles % uniforms.parts;
  let outer = workgroup / tiles / uniforms.parts;
  let first = part * uniforms.rowsOfPart + lane;
  let after = select(0, min((part + 1) * uniforms.rowsOfPart, uniforms.rows), column < uniforms.blocks);`
  }
  ${sums.map((sum) => `var ${sum} = ${type}(0.0);`).join(' ')}
  ${begin ?? ''}
  for (var next = first; next < after; next += ${lanes}) {
    let row = outer * uniforms.rows + next;
    ${add}
  }
  ${total.code}
  ${isAlone ? '' : `if (lane > 0 || column >= uniforms.blocks) { return; }`}
  ${end ?? ''}
  let to = (outer * uniforms.parts + part) * ${sums.length} * uniforms.blocks + block;
  ${sums.map((sum, index) => `partials[to + ${index} * uniforms.blocks] = ${sum};`).join(' ')}
}`,
  })
}
