import { dyAt, type FilterGradient, type Plan, places, sizesOf, split } from './filter-gradient.webgpu.ts'
import { counting, widthFor, workgroupSize } from './tile.webgpu.ts'

/**
 * For GPUs: a workgroup shares tiles of 16 pixels of x and dy through its memory, and each invocation keeps 4 × 4 sums in
 * registers.
 */
export function planTiled(what: FilterGradient): Plan {
  const { x, dy, geometry } = what
  const { channels, columns, rows, pixels, uniforms } = sizesOf(what)
  const inFours = channels % 4 === 0
  const outFours = columns % 4 === 0
  const tileColumns = widthFor(columns)
  const tileRows = (16 * workgroupSize) / tileColumns
  const tileDepth = tileRows > 128 ? 8 : 16 // 16 KB hold no more
  const rowTiles = Math.ceil(rows / tileRows)
  const columnTiles = Math.ceil(columns / tileColumns)
  const tiles = rowTiles * columnTiles * geometry.groups
  const { parts, partPixels } = split(pixels, tiles, rows * dy.shape[3], tileDepth)
  const [, outHeight, outWidth] = dy.shape
  return {
    parts,
    program: (sums) => ({
      label: `conv2dFilterGradient ${tileRows}×${tileColumns}×${tileDepth}`,
      reads: { x: [x, inFours ? 'vec4<f32>' : 'f32'], dy: [dy, outFours ? 'vec4<f32>' : 'f32'] },
      writes: { sums: [sums, outFours ? 'vec4<f32>' : 'f32'] },
      uniforms: {
        ...uniforms,
        rowTiles,
        columnTiles,
        partPixels,
        // One tile further in the depth, as images, rows and columns of dy.
        stepImages: Math.floor(tileDepth / (outHeight * outWidth)),
        stepRows: Math.floor(tileDepth / outWidth) % outHeight,
        stepColumns: tileDepth % outWidth,
      },
      workgroupSize,
      workgroups: tiles * parts,
      code: () => shader(tileRows, tileColumns, tileDepth, inFours, outFours),
    }),
  }
}

function shader(tileRows: number, tileColumns: number, tileDepth: number, inFours: boolean, outFours: boolean): string {
  const [down, across] = [tileRows / 4, tileColumns / 4]
  // An invocation loads the same rows of the product every time, at pixels so far apart.
  const pixelStep = Math.max(1, workgroupSize / down)
  const loads = counting(Math.ceil((down * tileDepth) / workgroupSize))
  return /* wgsl */ `
${places(inFours)}
${dyAt(outFours)}
// [pixel][row / 4] and [pixel][column / 4]
var<workgroup> tileOfX : array<vec4<f32>, ${tileDepth * down}>;
var<workgroup> tileOfDy : array<vec4<f32>, ${tileDepth * across}>;

// A pixel of dy as image, row and column.
struct OutPixel { image : i32, row : i32, column : i32 }

fn outPixelOf(index : i32) -> OutPixel {
  let row = index / uniforms.outWidth;
  return OutPixel(row / uniforms.outHeight, row % uniforms.outHeight, index % uniforms.outWidth);
}

// The pixel one tile further, without a division.
fn advance(start : OutPixel) -> OutPixel {
  var pixel = start;
  pixel.column += uniforms.stepColumns;
  pixel.row += uniforms.stepRows;
  pixel.image += uniforms.stepImages;
  if (pixel.column >= uniforms.outWidth) {
    pixel.column -= uniforms.outWidth;
    pixel.row++;
  }
  if (pixel.row >= uniforms.outHeight) {
    pixel.row -= uniforms.outHeight;
    pixel.image++;
  }
  return pixel;
}

fn run(workgroup : i32, local : i32) {
  // Tiles of the same pixels are neighbours.
  let columnTile = workgroup % uniforms.columnTiles;
  let rowTile = workgroup / uniforms.columnTiles % uniforms.rowTiles;
  let rest = workgroup / (uniforms.columnTiles * uniforms.rowTiles);
  let group = rest % uniforms.groups;
  let part = rest / uniforms.groups;
  let firstRow = rowTile * ${tileRows};
  let firstColumn = columnTile * ${tileColumns};
  let end = min((part + 1) * uniforms.partPixels, uniforms.pixels);
  let x0 = local % ${across};
  let y0 = local / ${across};
  ${counting(4)
    .map((row) => `var sum${row} = vec4<f32>(0);`)
    .join('\n  ')}
  ${(inFours ? [0] : counting(4))
    .map((lane) => `let tap${lane} = tapOf(firstRow + 4 * (local % ${down}) + ${lane}, group);`)
    .join('\n  ')}
  let begin = part * uniforms.partPixels;
  ${loads.map((load) => `var out${load} = outPixelOf(begin + local / ${down} + ${pixelStep * load});`).join('\n  ')}
  for (var start = begin; start < end; start += ${tileDepth}) {
    ${loads
      .map((load) => {
        const at = `local / ${down} + ${pixelStep * load}`
        const values = inFours
          ? 'values = xAt(pixel, tap0);'
          : `values = vec4<f32>(${counting(4).map((lane) => `xAt(pixel, tap${lane})`)});`
        return `{
      let at = ${at};
      var values = vec4<f32>(0);
      if (start + at < end) {
        let pixel = pixelAt(out${load}.image, out${load}.row, out${load}.column);
        ${values}
      }
      tileOfX[at * ${down} + local % ${down}] = values;
      out${load} = advance(out${load});
    }`
      })
      .join('\n    ')}
    for (var slot = local; slot < ${tileDepth * across}; slot += ${workgroupSize}) {
      let pixel = start + slot / ${across};
      let column = firstColumn + 4 * (slot % ${across});
      var values = vec4<f32>(0);
      if (pixel < end && column < uniforms.columns) { values = dyAt(pixel, group, column); }
      tileOfDy[slot] = values;
    }
    workgroupBarrier();
    for (var pixel = 0; pixel < ${tileDepth}; pixel++) {
      let values = tileOfX[pixel * ${down} + y0];
      let gradients = tileOfDy[pixel * ${across} + x0];
      ${['x', 'y', 'z', 'w'].map((lane, row) => `sum${row} += values.${lane} * gradients;`).join('\n      ')}
    }
    workgroupBarrier();
  }
  ${counting(4)
    .map((row) => `store(part, group, firstRow + 4 * y0 + ${row}, firstColumn + 4 * x0, sum${row});`)
    .join('\n  ')}
}`
}
