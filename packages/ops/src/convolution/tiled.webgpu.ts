import type { Gpu } from '../kernels/webgpu-kernel.ts'
import { axes, finish, type Gather, sizesOf } from './gather.webgpu.ts'
import { chooseTile, counting, type Tile, workgroupSize } from './tile.webgpu.ts'

/**
 * A gather for GPUs, as a product of matrices that are never stored: rows are the output pixels of a phase over the
 * whole batch, columns the output channels of a group, and the depth is taps × channels, channels inside. A workgroup
 * shares a tile of rows and one of columns through its memory, and each invocation keeps up to 4 × 4 sums in registers.
 * Where channels come in fours they are read in fours; otherwise one by one, with every tap of a shallow product (three
 * channels of an image) in one tile.
 */
export function gatherTiled(gpu: Gpu, gather: Gather): void {
  const { label, direction, input, filter, output, geometry, bias, activation } = gather
  const { depth, columns, phases, pixels, uniforms } = sizesOf(gather)
  const inFours = depth % 4 === 0
  const outFours = columns % 4 === 0
  const taps = filter.shape[0] * filter.shape[1]
  const tile = chooseTile(pixels, columns, phases * geometry.groups)
  const tileDepth = inFours || taps * depth > 28 ? 16 : 4 * Math.ceil((taps * depth) / 4)
  const rowTiles = Math.ceil(pixels / tile.rows)
  const columnTiles = Math.ceil(columns / tile.columns)
  const inType = inFours ? 'vec4<f32>' : 'f32'
  const outType = outFours ? 'vec4<f32>' : 'f32'
  gpu.run({
    label: `${label} ${tile.rows}×${tile.columns}×${tileDepth}`,
    variant: `${bias === undefined ? '' : 'bias '}${activation ?? ''}`,
    reads: {
      inputs: [input, inType],
      // The filter's last axis is the output channels forward, and those that are summed over backward.
      weights: [filter, direction === 'forward' ? outType : inType],
      ...(bias && { bias: [bias, outType] as const }),
    },
    writes: { outputs: [output, outType] },
    uniforms: { ...uniforms, rowTiles, columnTiles },
    workgroupSize,
    workgroups: columnTiles * geometry.groups * rowTiles * phases,
    code: () => shader(gather, tile, tileDepth, inFours, outFours),
  })
}

function shader(gather: Gather, tile: Tile, tileDepth: number, inFours: boolean, outFours: boolean): string {
  const { direction } = gather
  const quads = tileDepth / 4
  // An odd step from row to row, so that rows read together lie in different banks.
  const step = quads % 2 === 0 ? quads + 1 : quads
  const across = tile.columns / 4 // invocations along a row of the tile
  const down = workgroupSize / across
  const sums = counting(tile.rows / down)
  const inputTile = { rows: tile.rows, quads, step }
  const weightTile =
    direction === 'forward'
      ? forwardWeights(tileDepth, across, outFours)
      : backwardWeights(tile.columns, across, quads, step, inFours)
  return /* wgsl */ `
${axes(direction)}
// [row][depth / 4]
var<workgroup> tileOfInputs : array<vec4<f32>, ${tile.rows * step}>;
var<workgroup> tileOfWeights : array<vec4<f32>, ${weightTile.size}>;

// A row of the product: where its first tap reads.
struct Origin { row : i32, column : i32, pixel : i32 }

fn originOf(index : i32, pixels : i32, rows : Axis, columns : Axis) -> Origin {
  let image = index / (rows.count * columns.count);
  let row = rows.inStart + index / columns.count % rows.count * rows.inStep;
  let column = columns.inStart + index % columns.count * columns.inStep;
  let pixel = (image * uniforms.inHeight + row) * uniforms.inWidth + column;
  // Beyond the last pixel: a row that no tap brings inside.
  return Origin(select(row, -0x40000000, index >= pixels), column, pixel);
}

// A place in the depth.
struct Place { row : i32, column : i32, channel : i32 }

fn placeOf(index : i32, columns : Axis) -> Place {
  let tap = index / uniforms.depth;
  return Place(tap / columns.taps, tap % columns.taps, index % uniforms.depth);
}

fn advance(start : Place, channels : i32, columns : Axis) -> Place {
  var place = start;
  place.channel += channels;
  while (place.channel >= uniforms.depth) {
    place.channel -= uniforms.depth;
    place.column++;
    if (place.column == columns.taps) {
      place.column = 0;
      place.row++;
    }
  }
  return place;
}

fn inputAt(origin : Origin, place : Place, group : i32, rows : Axis, columns : Axis) -> ${inFours ? 'vec4<f32>' : 'f32'} {
  let down = place.row * rows.inTap;
  let right = place.column * columns.inTap;
  let inRows = origin.row + down >= 0 && origin.row + down < uniforms.inHeight;
  let inColumns = origin.column + right >= 0 && origin.column + right < uniforms.inWidth;
  if (place.row >= rows.taps || !inRows || !inColumns) { return ${inFours ? 'vec4<f32>(0)' : '0'}; }
  let pixel = origin.pixel + down * uniforms.inWidth + right;
  return inputs[(pixel * uniforms.inChannels + group * uniforms.depth + place.channel)${inFours ? ' / 4' : ''}];
}
${weightTile.functions}
fn store(index : i32, pixels : i32, rows : Axis, columns : Axis, group : i32, column : i32, sum : vec4<f32>) {
  if (index >= pixels || column >= uniforms.columns) { return; }
  let image = index / (rows.count * columns.count);
  let row = rows.outStart + index / columns.count % rows.count * rows.outStep;
  let pixel = (image * uniforms.outHeight + row) * uniforms.outWidth + columns.outStart + index % columns.count * columns.outStep;
  let channel = group * uniforms.columns + column;
  let to = pixel * uniforms.outChannels + channel;
  ${
    outFours
      ? `outputs[to / 4] = ${finish(gather, 'vec4<f32>', 'sum', 'channel / 4')};`
      : lanes(
          (lane) =>
            `if (column + ${lane} < uniforms.columns) { outputs[to + ${lane}] = ${finish(gather, 'f32', `sum[${lane}]`, `channel + ${lane}`)}; }`,
        )
  }
}

fn run(workgroup : i32, local : i32) {
  // The tiles of the same pixels are neighbours.
  let columnTile = workgroup % uniforms.columnTiles;
  let group = workgroup / uniforms.columnTiles % uniforms.groups;
  let rest = workgroup / (uniforms.columnTiles * uniforms.groups);
  let phase = rest / uniforms.rowTiles;
  let rows = rowsOf(phase);
  let columns = columnsOf(phase);
  let pixels = uniforms.batch * rows.count * columns.count;
  let firstPixel = rest % uniforms.rowTiles * ${tile.rows};
  if (firstPixel >= pixels) { return; }
  let firstColumn = columnTile * ${tile.columns};
  let depth = rows.taps * columns.taps * uniforms.depth;
  let x = local % ${across};
  let y = local / ${across};
  ${sums.map((index) => `var sum${index} = vec4<f32>(0);`).join('\n  ')}
  ${inFours ? originsInFours(inputTile) : originsOneByOne(inputTile)}
  for (var start = 0; start < depth; start += ${tileDepth}) {
    ${inFours ? loadInFours(inputTile, tileDepth) : loadOneByOne(inputTile)}
    ${weightTile.load}
    workgroupBarrier();
    for (var quad = 0; quad < ${quads}; quad++) {
      ${weightTile.quad}
      ${sums
        .map(
          (index) => `let values${index} = tileOfInputs[(y + ${down * index}) * ${step} + quad];
      ${['x', 'y', 'z', 'w'].map((lane, k) => `sum${index} += values${index}.${lane} * weights${k};`).join('\n      ')}`,
        )
        .join('\n      ')}
    }
    workgroupBarrier();
  }
  ${sums.map((index) => `store(firstPixel + y + ${down * index}, pixels, rows, columns, group, firstColumn + 4 * x, sum${index});`).join('\n  ')}
}`
}

interface InputTile {
  readonly rows: number
  readonly quads: number
  /** From row to row of the tile. */
  readonly step: number
}

/** Neighbouring invocations read the channels of one pixel, four each. */
const originsInFours = ({ rows, quads }: InputTile): string => {
  const origins = counting(Math.ceil((rows * quads) / workgroupSize)).map((load) => {
    return `let origin${load} = originOf(firstPixel + local / ${quads} + ${(workgroupSize / quads) * load}, pixels, rows, columns);`
  })
  return [`var place = placeOf(4 * (local % ${quads}), columns);`, ...origins].join('\n  ')
}

const loadInFours = ({ rows, quads, step }: InputTile, tileDepth: number): string => {
  const loads = counting(Math.ceil((rows * quads) / workgroupSize)).map((load) => {
    const row = `local / ${quads} + ${(workgroupSize / quads) * load}`
    const code = `tileOfInputs[(${row}) * ${step} + local % ${quads}] = inputAt(origin${load}, place, group, rows, columns);`
    return rows * quads < workgroupSize ? `if (${row} < ${rows}) { ${code} }` : code
  })
  return [`if (start > 0) { place = advance(place, ${tileDepth}, columns); }`, ...loads].join('\n    ')
}

/** Neighbouring invocations read neighbouring pixels, whose channels are few. */
const originsOneByOne = ({ rows }: InputTile): string =>
  counting(Math.ceil(rows / workgroupSize))
    .map(
      (load) =>
        `let origin${load} = originOf(firstPixel + local % ${rows} + ${workgroupSize * load}, pixels, rows, columns);`,
    )
    .join('\n  ')

const loadOneByOne = ({ rows, quads, step }: InputTile): string =>
  counting(Math.ceil(rows / workgroupSize))
    .map(
      (load) => `for (var quad = local / ${rows}; quad < ${quads}; quad += ${Math.max(1, workgroupSize / rows)}) {
      var place = placeOf(start + 4 * quad, columns);
      var values = vec4<f32>(0);
      ${lanes((lane) => `values[${lane}] = inputAt(origin${load}, place, group, rows, columns); place = advance(place, 1, columns);`)}
      tileOfInputs[(local % ${rows} + ${workgroupSize * load}) * ${step} + quad] = values;
    }`,
    )
    .join('\n    ')

interface WeightTile {
  /** Its length, in vec4s. */
  readonly size: number
  readonly functions: string
  readonly load: string
  /** Four weights of the four columns of an invocation, at four places of the depth: `weights0` … `weights3`. */
  readonly quad: string
}

/** Forward a filter is the matrix [taps · channels][output channels] as it lies; the tile is [depth][column / 4]. */
const forwardWeights = (tileDepth: number, across: number, outFours: boolean): WeightTile => ({
  size: tileDepth * across,
  functions: /* wgsl */ `
fn weightsAt(place : i32, depth : i32, group : i32, column : i32) -> vec4<f32> {
  if (place >= depth || column >= uniforms.columns) { return vec4<f32>(0); }
  let at = place * uniforms.filterChannels + group * uniforms.columns + column;
  ${
    outFours
      ? 'return weights[at / 4];'
      : `var values = vec4<f32>(weights[at], 0, 0, 0);
  ${[1, 2, 3].map((lane) => `if (column + ${lane} < uniforms.columns) { values[${lane}] = weights[at + ${lane}]; }`).join('\n  ')}
  return values;`
  }
}`,
  load: `for (var slot = local; slot < ${tileDepth * across}; slot += ${workgroupSize}) {
      tileOfWeights[slot] = weightsAt(start + slot / ${across}, depth, group, firstColumn + 4 * (slot % ${across}));
    }`,
  quad: counting(4)
    .map((k) => `let weights${k} = tileOfWeights[(4 * quad + ${k}) * ${across} + x];`)
    .join('\n      '),
})

/** Backward the depth is the filter's last axis; the tile is [column % 4][column / 4][depth / 4]. */
const backwardWeights = (
  columns: number,
  across: number,
  quads: number,
  step: number,
  inFours: boolean,
): WeightTile => ({
  size: columns * step,
  functions: /* wgsl */ `
fn weightAt(place : Place, rows : Axis, columns : Axis, group : i32, column : i32) -> ${inFours ? 'vec4<f32>' : 'f32'} {
  if (place.row >= rows.taps || column >= uniforms.columns) { return ${inFours ? 'vec4<f32>(0)' : '0'}; }
  let row = rows.firstTap + place.row * rows.tapStep;
  let tap = row * uniforms.kernelWidth + columns.firstTap + place.column * columns.tapStep;
  let at = (tap * uniforms.columns + column) * uniforms.filterChannels + group * uniforms.depth + place.channel;
  return weights[at${inFours ? ' / 4' : ''}];
}`,
  load: `for (var slot = local; slot < ${columns * quads}; slot += ${workgroupSize}) {
      let column = slot / ${quads};
      let to = (column % 4 * ${across} + column / 4) * ${step} + slot % ${quads};
      ${
        inFours
          ? 'tileOfWeights[to] = weightAt(place, rows, columns, group, firstColumn + column);'
          : `var at = placeOf(start + 4 * (slot % ${quads}), columns);
      var values = vec4<f32>(0);
      ${lanes((lane) => `values[${lane}] = weightAt(at, rows, columns, group, firstColumn + column); at = advance(at, 1, columns);`)}
      tileOfWeights[to] = values;`
      }
    }`,
  quad: [
    ...counting(4).map((n) => `let column${n} = tileOfWeights[(${n * across} + x) * ${step} + quad];`),
    ...['x', 'y', 'z', 'w'].map(
      (lane, k) => `let weights${k} = vec4<f32>(${counting(4).map((n) => `column${n}.${lane}`)});`,
    ),
  ].join('\n      '),
})

const lanes = (code: (lane: number) => string): string => counting(4).map(code).join('\n      ')
