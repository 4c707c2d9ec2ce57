import type { WebGPUBackend, WebGPUProgram } from '@tensorflow/tfjs-backend-webgpu'
import { backend_util, type Conv2DAttrs, type KernelFunc, type TensorInfo } from '@tensorflow/tfjs-core'
import { padAxis } from './pad-axis.ts'
import { dispatchFor, tileBlocks, tilePixels, unroll, workgroupSize } from './tile.ts'

/**
 * Conv2D for adapters that compute on the CPU, where output channels come in fours; otherwise `stock` runs. tfjs's
 * kernel shares tiles through workgroup memory, which such adapters emulate slowly; this one keeps 8 pixels × up to 16
 * output channels of one invocation in registers and has no barrier.
 */
export const softwareConv2d =
  (stock: KernelFunc): KernelFunc =>
  (call) => {
    const { x, filter } = call.inputs as { x: TensorInfo; filter: TensorInfo }
    const { strides, pad, dataFormat, dilations, dimRoundingMode } = call.attrs as unknown as Conv2DAttrs
    const info = backend_util.computeConv2DInfo(
      x.shape as [number, number, number, number],
      filter.shape as [number, number, number, number],
      strides,
      dilations,
      pad,
      dimRoundingMode,
      false,
      backend_util.convertConv2DDataFormat(dataFormat),
    )
    if (info.outChannels % 4 !== 0 || info.dataFormat !== 'channelsLast') return stock(call)
    const backend = call.backend as WebGPUBackend
    const channels = Math.ceil(info.inChannels / 4) * 4
    const inFours = channels === info.inChannels
    const operands = inFours ? [x, filter] : [padAxis(x, 3, channels, backend), padAxis(filter, 2, channels, backend)]
    const y = backend.runWebGPUProgram(program(info.outShape), operands, 'float32', [
      { type: 'int32', data: [info.filterHeight, info.filterWidth] },
      { type: 'int32', data: [info.strideHeight, info.strideWidth] },
      { type: 'int32', data: [info.padInfo.top, info.padInfo.left] },
      { type: 'int32', data: [info.dilationHeight, info.dilationWidth] },
    ])
    if (!inFours) for (const { dataId } of operands) backend.disposeData(dataId)
    return y
  }

function program(outShape: [number, number, number, number]): WebGPUProgram {
  const [batch, height, width, channels] = outShape
  const blocks = tileBlocks(channels / 4)
  return {
    variableNames: ['x', 'W'],
    variableComponents: [4, 4],
    outputComponent: 4,
    outputShape: outShape,
    uniforms: 'kernel : vec2<i32>, strides : vec2<i32>, padding : vec2<i32>, dilations : vec2<i32>,',
    workgroupSize: [workgroupSize, 1, 1],
    dispatchLayout: { x: [0, 1, 2, 3] },
    dispatch: dispatchFor(Math.ceil((batch * height * width) / tilePixels) * (channels / 4 / blocks)),
    shaderKey: `softwareConv2d_${blocks}`,
    getUserCode: () => shader(blocks),
  }
}

/**
 * x is `[batch, height, width, inChannels / 4]` and W `[row, column, inChannels, outChannels / 4]`, in vec4s.
 * An invocation computes consecutive pixels of the whole batch.
 */
const shader = (blocks: number): string => /* wgsl */ `
  // The input row and column under the first tap of an output pixel.
  fn corner(pixel : i32) -> vec2<i32> {
    let row = (pixel / uniforms.outShape.z) % uniforms.outShape.y;
    let column = pixel % uniforms.outShape.z;
    return vec2<i32>(row, column) * uniforms.strides - uniforms.padding;
  }

  // Where the channels at a position begin, or -1 where there is only padding.
  fn begin(pixel : i32, position : vec2<i32>) -> i32 {
    let size = uniforms.xShape.yz;
    let image = pixel / (uniforms.outShape.y * uniforms.outShape.z);
    if (any(position < vec2<i32>(0)) || any(position >= size) || image >= uniforms.xShape.x) { return -1; }
    return ((image * size.x + position.x) * size.y + position.y) * (uniforms.xShape.w / 4);
  }

  fn main(index : i32) {
    let pixels = uniforms.outShape.x * uniforms.outShape.y * uniforms.outShape.z;
    let inBlocks = uniforms.xShape.w / 4;
    let outBlocks = uniforms.outShape.w / 4;
    let tiles = outBlocks / ${blocks};
    let pixel = index / tiles * ${tilePixels};
    let block = index % tiles * ${blocks};
    if (pixel >= pixels) { return; }
    ${eachPixel('let cornerPIXEL = corner(pixel + PIXEL);')}
    ${eachPixel(unroll('BLOCK', blocks, 'var sumPIXEL_BLOCK = vec4<f32>(0.0);'))}
    var weight = block;
    for (var row = 0; row < uniforms.kernel.x; row++) {
      for (var column = 0; column < uniforms.kernel.y; column++) {
        let tap = vec2<i32>(row, column) * uniforms.dilations;
        ${eachPixel('let beginPIXEL = begin(pixel + PIXEL, cornerPIXEL + tap);')}
        for (var inBlock = 0; inBlock < inBlocks; inBlock++) {
          ${eachPixel('let xPIXEL = select(vec4<f32>(0.0), x[max(beginPIXEL, 0) + inBlock], beginPIXEL >= 0);')}
          ${unroll(
            'BLOCK',
            blocks,
            `{
            let w0 = W[weight + BLOCK];
            let w1 = W[weight + BLOCK + outBlocks];
            let w2 = W[weight + BLOCK + 2 * outBlocks];
            let w3 = W[weight + BLOCK + 3 * outBlocks];
            ${eachPixel('sumPIXEL_BLOCK += xPIXEL.x * w0 + xPIXEL.y * w1 + xPIXEL.z * w2 + xPIXEL.w * w3;')}
          }`,
          )}
          weight += 4 * outBlocks;
        }
      }
    }
    ${eachPixel(`if (pixel + PIXEL < pixels) {
      ${unroll('BLOCK', blocks, 'result[(pixel + PIXEL) * outBlocks + block + BLOCK] = sumPIXEL_BLOCK;')}
    }`)}
  }
`

const eachPixel = (code: string): string => unroll('PIXEL', tilePixels, code)
