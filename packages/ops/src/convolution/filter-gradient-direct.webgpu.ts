import type { Gpu } from '../kernels/webgpu-kernel.ts'
import { directWorkgroup } from './direct.webgpu.ts'
import { dyAt, type FilterGradient, type Plan, places, sizesOf, split } from './filter-gradient.webgpu.ts'
import { counting, widthFor } from './tile.webgpu.ts'

/** For adapters on the CPU, and narrow groups: an invocation keeps 8 × 16 sums in registers, and has no barrier. */
export function planDirectly(gpu: Gpu, what: FilterGradient): Plan {
  const { x, dy, geometry } = what
  const { channels, columns, rows, pixels, uniforms } = sizesOf(what)
  const inFours = channels % 4 === 0
  const outFours = columns % 4 === 0
  const tileColumns = outFours ? Math.min(16, widthFor(columns)) : 4
  const tileRows = 8
  const workgroupSize = directWorkgroup(gpu)
  const rowTiles = Math.ceil(rows / tileRows)
  const columnTiles = Math.ceil(columns / tileColumns)
  const tiles = rowTiles * columnTiles * geometry.groups
  const { parts, partPixels } = split(
    pixels,
    gpu.variant === 'gpu' ? tiles / workgroupSize : tiles,
    rows * dy.shape[3],
    1,
  )
  return {
    parts,
    program: (sums) => ({
      label: `conv2dFilterGradient ${tileRows}×${tileColumns}`,
      variant: `${workgroupSize}`,
      reads: { x: [x, inFours ? 'vec4<f32>' : 'f32'], dy: [dy, outFours ? 'vec4<f32>' : 'f32'] },
      writes: { sums: [sums, outFours ? 'vec4<f32>' : 'f32'] },
      uniforms: { ...uniforms, rowTiles, columnTiles, partPixels, tiles: tiles * parts },
      workgroupSize,
      workgroups: Math.ceil((tiles * parts) / workgroupSize),
      code: () => shader(workgroupSize, tileColumns / 4, inFours, outFours),
    }),
  }
}

function shader(workgroupSize: number, blocks: number, inFours: boolean, outFours: boolean): string {
  const quads = counting(2)
  const all = counting(blocks)
  const eachSum = (code: (quad: number, lane: number, block: number) => string): string =>
    quads.flatMap((quad) => counting(4).flatMap((lane) => all.map((block) => code(quad, lane, block)))).join('\n      ')
  const tapLanes = inFours ? [0] : counting(4)
  return /* wgsl */ `
${places(inFours)}
${dyAt(outFours)}
fn run(workgroup : i32, local : i32) {
  let index = workgroup * ${workgroupSize} + local;
  if (index >= uniforms.tiles) { return; }
  let firstColumn = index % uniforms.columnTiles * ${4 * blocks};
  let firstRow = index / uniforms.columnTiles % uniforms.rowTiles * 8;
  let rest = index / (uniforms.columnTiles * uniforms.rowTiles);
  let group = rest % uniforms.groups;
  let part = rest / uniforms.groups;
  let end = min((part + 1) * uniforms.partPixels, uniforms.pixels);
  ${quads.flatMap((quad) => tapLanes.map((lane) => `let tap${quad}_${lane} = tapOf(firstRow + ${4 * quad + lane}, group);`)).join('\n  ')}
  ${eachSum((quad, lane, block) => `var sum${quad}_${lane}_${block} = vec4<f32>(0);`)}
  var at = part * uniforms.partPixels;
  var column = at % uniforms.outWidth;
  var row = at / uniforms.outWidth % uniforms.outHeight;
  var image = at / (uniforms.outWidth * uniforms.outHeight);
  for (; at < end; at++) {
    let pixel = pixelAt(image, row, column);
    ${quads
      .map(
        (quad) =>
          `let x${quad} = ${inFours ? `xAt(pixel, tap${quad}_0)` : `vec4<f32>(${counting(4).map((lane) => `xAt(pixel, tap${quad}_${lane})`)})`};`,
      )
      .join('\n    ')}
    ${all
      .map(
        (block) =>
          `let dy${block} = select(vec4<f32>(0), dyAt(at, group, min(firstColumn + ${4 * block}, uniforms.columns - 1)), firstColumn + ${4 * block} < uniforms.columns);`,
      )
      .join('\n    ')}
    ${eachSum((quad, lane, block) => `sum${quad}_${lane}_${block} += x${quad}[${lane}] * dy${block};`)}
    column++;
    if (column == uniforms.outWidth) {
      column = 0;
      row++;
      if (row == uniforms.outHeight) {
        row = 0;
        image++;
      }
    }
  }
  ${eachSum((quad, lane, block) => `store(part, group, firstRow + ${4 * quad + lane}, firstColumn + ${4 * block}, sum${quad}_${lane}_${block});`)}
}`
}
