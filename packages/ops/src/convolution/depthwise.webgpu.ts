import type { TensorInfo } from '@tensorflow/tfjs-core'
import { sumColumns } from '../array/column-sums.webgpu.ts'
import { entryOf } from '../checks/item.ts'
import type { Gpu } from '../kernels/webgpu-kernel.ts'
import type { FilterGradient } from './filter-gradient.webgpu.ts'
import { axes, finish, type Gather, sizesOf } from './gather.webgpu.ts'
import { windowFields } from './geometry.ts'
import { counting } from './tile.webgpu.ts'

/** Whether each channel is convolved with one filter of its own: `[kernelHeight, kernelWidth, 1, groups]`. */
export const isDepthwise = (groupChannels: number, outChannels: number, groups: number): boolean =>
  groupChannels === 1 && outChannels === groups

const workgroupSize = 64
const tilePixels = 4

/**
 * A gather in which channels do not meet: no product of matrices, and nothing to share but a tap's weights. An invocation
 * computes 4 output pixels of 4 channels; neighbouring ones have neighbouring channels.
 */
export function gatherDepthwise(gpu: Gpu, gather: Gather): void {
  const { label, direction, input, filter, output, bias, activation } = gather
  const { phases, pixels, uniforms } = sizesOf(gather)
  const channels = entryOf(uniforms, 'outChannels')
  const type = channels % 4 === 0 ? 'vec4<f32>' : 'f32'
  const blocks = type === 'f32' ? channels : channels / 4
  const rowTiles = Math.ceil(pixels / tilePixels)
  const eachPixel = (code: string): string =>
    counting(tilePixels)
      .map((pixel) => code.replaceAll('PIXEL', String(pixel)))
      .join('\n  ')
  gpu.run({
    label: `${label} depthwise`,
    variant: `${bias === undefined ? '' : 'bias '}${activation ?? ''}`,
    reads: { inputs: [input, type], weights: [filter, type], ...(bias && { bias: [bias, type] as const }) },
    writes: { outputs: [output, type] },
    uniforms: { ...uniforms, phases, rowTiles, blocks },
    workgroupSize,
    workgroups: Math.ceil((blocks * rowTiles * phases) / workgroupSize),
    code: () => /* wgsl */ `
${axes(direction)}
fn run(workgroup : i32, local : i32) {
  let index = workgroup * ${workgroupSize} + local;
  let block = index % uniforms.blocks;
  let tile = index / uniforms.blocks;
  let phase = tile / uniforms.rowTiles;
  if (phase >= uniforms.phases) { return; }
  let rows = rowsOf(phase);
  let columns = columnsOf(phase);
  let pixels = uniforms.batch * rows.count * columns.count;
  let firstPixel = tile % uniforms.rowTiles * ${tilePixels};
  if (firstPixel >= pixels) { return; }
  ${eachPixel(`let imagePIXEL = (firstPixel + PIXEL) / (rows.count * columns.count);
  let rowPIXEL = (firstPixel + PIXEL) / columns.count % rows.count;
  let columnPIXEL = (firstPixel + PIXEL) % columns.count;
  // Beyond the last pixel: a row that no tap brings inside.
  let inRowPIXEL = select(rows.inStart + rowPIXEL * rows.inStep, -0x40000000, firstPixel + PIXEL >= pixels);
  let inColumnPIXEL = columns.inStart + columnPIXEL * columns.inStep;
  let atPIXEL = ((imagePIXEL * uniforms.inHeight + inRowPIXEL) * uniforms.inWidth + inColumnPIXEL) * uniforms.blocks + block;
  var sumPIXEL = ${type}(0);`)}
  for (var u = 0; u < rows.taps; u++) {
    let down = u * rows.inTap;
    ${eachPixel('let rowInsidePIXEL = (inRowPIXEL + down >= 0) & (inRowPIXEL + down < uniforms.inHeight);')}
    for (var v = 0; v < columns.taps; v++) {
      let right = v * columns.inTap;
      let step = (down * uniforms.inWidth + right) * uniforms.blocks;
      let tap = (rows.firstTap + u * rows.tapStep) * uniforms.kernelWidth + columns.firstTap + v * columns.tapStep;
      let weight = weights[tap * uniforms.blocks + block];
      ${eachPixel(`let insidePIXEL = rowInsidePIXEL & (inColumnPIXEL + right >= 0) & (inColumnPIXEL + right < uniforms.inWidth);
      sumPIXEL += select(${type}(0), inputs[select(0, atPIXEL + step, insidePIXEL)], insidePIXEL) * weight;`)}
    }
  }
  ${eachPixel(`if (firstPixel + PIXEL < pixels) {
    let row = rows.outStart + rowPIXEL * rows.outStep;
    let column = columns.outStart + columnPIXEL * columns.outStep;
    let to = ((imagePIXEL * uniforms.outHeight + row) * uniforms.outWidth + column) * uniforms.blocks + block;
    outputs[to] = ${finish(gather, type, 'sumPIXEL', 'block')};
  }`)}
}`,
  })
}

/**
 * Its filter gradient: sums over the pixels of each channel, no more than a product in each. An invocation sums some taps
 * at once, whole rows of dy, and reads dy once for all of them.
 */
export function depthwiseFilterGradient(
  gpu: Gpu,
  { x, dy, geometry, kernelSize }: FilterGradient,
  gradient: TensorInfo,
): void {
  const [, height, width, channels] = x.shape
  const [batch, outHeight, outWidth] = dy.shape
  const taps = kernelSize[0] * kernelSize[1]
  const atOnce = counting(mostTaps + 1).findLast((count) => taps % count === 0) as number
  const type = channels % 4 === 0 ? 'vec4<f32>' : 'f32'
  const sums = counting(atOnce).map((tap) => `sum${tap}`)
  const eachTap = (code: string): string =>
    counting(atOnce)
      .map((tap) => code.replaceAll('TAP', String(tap)))
      .join('\n      ')
  const job = {
    outer: taps / atOnce,
    blocks: type === 'f32' ? channels : channels / 4,
    type,
    result: gradient,
  } as const
  const { tensor, parts } = sumColumns(gpu, {
    ...job,
    label: `conv2dFilterGradient depthwise ${atOnce}`,
    reads: { x: [x, type], dy: [dy, type] },
    uniforms: {
      height,
      width,
      outHeight,
      outWidth,
      kernelWidth: kernelSize[1],
      ...windowFields(geometry),
    },
    rows: batch * outHeight,
    rowLength: outWidth,
    sums,
    begin:
      eachTap(`let downTAP = (outer * ${atOnce} + TAP) / uniforms.kernelWidth * uniforms.dilationHeight - uniforms.top;
      let rightTAP = (outer * ${atOnce} + TAP) % uniforms.kernelWidth * uniforms.dilationWidth - uniforms.left;`),
    add: `
    let image = next / uniforms.outHeight;
    let outRow = next % uniforms.outHeight;
    ${eachTap(`let rowTAP = outRow * uniforms.strideHeight + downTAP;
      let rowInsideTAP = (rowTAP >= 0) & (rowTAP < uniforms.height);
      let beginTAP = (image * uniforms.height + rowTAP) * uniforms.width;`)}
    for (var outColumn = 0; outColumn < uniforms.outWidth; outColumn++) {
      let gradient = dy[(next * uniforms.outWidth + outColumn) * uniforms.blocks + block];
      ${eachTap(`let columnTAP = outColumn * uniforms.strideWidth + rightTAP;
      let insideTAP = rowInsideTAP & (columnTAP >= 0) & (columnTAP < uniforms.width);
      let atTAP = select(0, (beginTAP + columnTAP) * uniforms.blocks + block, insideTAP);
      sumTAP += select(${type}(0), x[atTAP], insideTAP) * gradient;`)}
    }`,
  })
  if (parts === 1) return
  // [taps / atOnce, parts, atOnce · channels]
  sumColumns(gpu, {
    ...job,
    label: 'conv2dFilterGradient depthwise finish',
    reads: { sums: [tensor, type] },
    uniforms: {},
    rows: parts,
    blocks: atOnce * job.blocks,
    sums: ['sum'],
    add: 'sum += sums[row * uniforms.blocks + block];',
    mostParts: 1,
  })
}

/** Sums that an invocation keeps in registers. */
const mostTaps = 8
