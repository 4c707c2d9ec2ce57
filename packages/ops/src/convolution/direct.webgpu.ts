import { itemAt } from '../checks/item.ts'
import type { Gpu } from '../kernels/webgpu-kernel.ts'
import { axes, finish, type Gather, sizesOf } from './gather.webgpu.ts'

const tilePixels = 8

/** Invocations of a workgroup: CPUs have few lanes. */
export const directWorkgroup = ({ variant }: Gpu): number => (variant === 'gpu' ? 64 : 16)

/**
 * A gather for adapters that compute on the CPU: tiles shared through workgroup memory need barriers, which those emulate
 * slowly. And for narrow groups, whose channels would not fill a tile. An invocation keeps 8 pixels × up to 16 output
 * channels in registers, and reads the rest through the caches.
 */
export function gatherDirectly(gpu: Gpu, gather: Gather): void {
  const { label, direction, input, filter, output, geometry, bias, activation } = gather
  const { depth, columns, phases, pixels, uniforms } = sizesOf(gather)
  const workgroupSize = directWorkgroup(gpu)
  const inFours = depth % 4 === 0
  const outFours = columns % 4 === 0
  const blocks = [4, 2].find((count) => columns % (outFours ? 4 * count : count) === 0) ?? 1
  const tileColumns = outFours ? 4 * blocks : blocks
  const rowTiles = Math.ceil(pixels / tilePixels)
  const columnTiles = columns / tileColumns
  const inType = inFours ? 'vec4<f32>' : 'f32'
  const outType = outFours ? 'vec4<f32>' : 'f32'
  gpu.run({
    label: `${label} ${workgroupSize * tilePixels}×${tileColumns}`,
    variant: `direct ${bias === undefined ? '' : 'bias '}${activation ?? ''}`,
    reads: {
      inputs: [input, inType],
      // The filter's last axis is the output channels forward, and those that are summed over backward.
      weights: [filter, direction === 'forward' ? outType : inType],
      ...(bias && { bias: [bias, outType] as const }),
    },
    writes: { outputs: [output, outType] },
    uniforms: { ...uniforms, phases, rowTiles, columnTiles },
    workgroupSize,
    workgroups: Math.ceil((columnTiles * geometry.groups * rowTiles * phases) / workgroupSize),
    code: () => shader(gather, workgroupSize, blocks, inFours, outFours),
  })
}

function shader(gather: Gather, workgroupSize: number, blocks: number, inFours: boolean, outFours: boolean): string {
  const { direction } = gather
  const [inType, inWidth] = inFours ? ['vec4<f32>', 4] : ['f32', 1]
  const [outType, outWidth] = outFours ? ['vec4<f32>', 4] : ['f32', 1]
  const product = direction === 'forward' ? forwardProduct(inFours, outWidth) : backwardProduct(inFours, outFours)
  return /* wgsl */ `
${axes(direction)}
// Where the channels of a group at a position begin, or -1 outside.
fn begin(image : i32, group : i32, row : i32, column : i32) -> i32 {
  // One condition without branches: SwiftShader's compiler takes forever over dozens of them.
  let inside = (row >= 0) & (row < uniforms.inHeight) & (column >= 0) & (column < uniforms.inWidth) & (image < uniforms.batch);
  let pixel = (image * uniforms.inHeight + row) * uniforms.inWidth + column;
  return select(-1, (pixel * uniforms.inChannels + group * uniforms.depth) / ${inWidth}, inside);
}

fn run(workgroup : i32, local : i32) {
  let index = workgroup * ${workgroupSize} + local;
  let group = index / uniforms.columnTiles % uniforms.groups;
  let tile = index / (uniforms.columnTiles * uniforms.groups);
  let phase = tile / uniforms.rowTiles;
  if (phase >= uniforms.phases) { return; }
  let rows = rowsOf(phase);
  let columns = columnsOf(phase);
  let firstPixel = tile % uniforms.rowTiles * ${tilePixels};
  if (firstPixel >= uniforms.batch * rows.count * columns.count) { return; }
  let firstColumn = index % uniforms.columnTiles * ${blocks * outWidth};
  let channel = group * uniforms.columns + firstColumn;
  ${eachPixel(`let imagePIXEL = (firstPixel + PIXEL) / (rows.count * columns.count);
  let rowPIXEL = (firstPixel + PIXEL) / columns.count % rows.count;
  let columnPIXEL = (firstPixel + PIXEL) % columns.count;`)}
  ${eachPixel(unroll('BLOCK', blocks, `var sumPIXEL_BLOCK = ${outType}(0);`))}
  for (var u = 0; u < rows.taps; u++) {
    for (var v = 0; v < columns.taps; v++) {
      let tap = (rows.firstTap + u * rows.tapStep) * uniforms.kernelWidth + columns.firstTap + v * columns.tapStep;
      ${product.start}
      ${eachPixel(`let beginPIXEL = begin(
        imagePIXEL, group,
        rows.inStart + rowPIXEL * rows.inStep + u * rows.inTap,
        columns.inStart + columnPIXEL * columns.inStep + v * columns.inTap,
      );`)}
      for (var block = 0; block < uniforms.depth / ${inWidth}; block++) {
        ${eachPixel(`let inputPIXEL = select(${inType}(0), inputs[max(beginPIXEL, 0) + block], beginPIXEL >= 0);`)}
        ${unroll(
          'BLOCK',
          blocks,
          `{
          ${product.weights}
          ${eachPixel(`sumPIXEL_BLOCK += ${product.term};`)}
        }`,
        )}
        ${product.step}
      }
    }
  }
  ${eachPixel(`if (imagePIXEL < uniforms.batch) {
    let row = rows.outStart + rowPIXEL * rows.outStep;
    let column = columns.outStart + columnPIXEL * columns.outStep;
    let pixel = (imagePIXEL * uniforms.outHeight + row) * uniforms.outWidth + column;
    let to = (pixel * uniforms.outChannels + channel) / ${outWidth};
    ${unroll('BLOCK', blocks, `outputs[to + BLOCK] = ${finish(gather, outType, 'sumPIXEL_BLOCK', `channel / ${outWidth} + BLOCK`)};`)}
  }`)}
}`
}

interface Product {
  /** Before the channels of a tap. */
  readonly start: string
  /** The weights of one block of output channels for one of channels that are summed over. */
  readonly weights: string
  readonly term: string
  /** From one block to the next. */
  readonly step: string
}

/** The filter is `[tap][depth][output channels]`. */
const forwardProduct = (inFours: boolean, outWidth: number): Product => ({
  start: `let next = uniforms.filterChannels / ${outWidth};
      var weight = tap * uniforms.depth * next + channel / ${outWidth};`,
  ...(inFours
    ? {
        weights: [0, 1, 2, 3].map((k) => `let w${k} = weights[weight + BLOCK + ${k} * next];`).join('\n          '),
        term: 'inputPIXEL.x * w0 + inputPIXEL.y * w1 + inputPIXEL.z * w2 + inputPIXEL.w * w3',
        step: 'weight += 4 * next;',
      }
    : { weights: 'let w = weights[weight + BLOCK];', term: 'inputPIXEL * w', step: 'weight += next;' }),
})

/** The filter is `[tap][output channels][depth]`. */
const backwardProduct = (inFours: boolean, outFours: boolean): Product => {
  const lanes = outFours ? [0, 1, 2, 3] : [0]
  const weights = lanes.map((lane) => `weights[weight + (${lanes.length} * BLOCK + ${lane}) * next]`)
  const start = `let next = uniforms.filterChannels / ${inFours ? 4 : 1};
      var weight = (tap * uniforms.columns + firstColumn) * next + group * uniforms.depth / ${inFours ? 4 : 1};`
  const step = 'weight++;'
  if (!inFours) {
    const w = outFours ? `vec4<f32>(${weights.join(', ')})` : weights[0]
    return { start, weights: `let w = ${w};`, term: 'inputPIXEL * w', step }
  }
  const dots = lanes.map((lane) => `dot(inputPIXEL, w${lane})`)
  return {
    start,
    weights: weights.map((weight, lane) => `let w${lane} = ${weight};`).join('\n          '),
    term: outFours ? `vec4<f32>(${dots.join(', ')})` : itemAt(dots, 0),
    step,
  }
}

/**
 * Repeats a piece of a shader with 0, 1, … in the place of `name`, so that each repetition has variables of its own,
 * which stay in registers where an array would not.
 */
const unroll = (name: 'PIXEL' | 'BLOCK', count: number, code: string): string =>
  Array.from({ length: count }, (_, index) => code.replaceAll(name, String(index))).join('\n')

const eachPixel = (code: string): string => unroll('PIXEL', tilePixels, code)
