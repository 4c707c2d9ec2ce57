import type { WebGPUBackend, WebGPUProgram } from '@tensorflow/tfjs-backend-webgpu'
import { backend_util, type Conv2DBackpropInputAttrs, type KernelFunc, type TensorInfo } from '@tensorflow/tfjs-core'
import { dispatchFor, tileBlocks, tilePixels, unroll, workgroupSize } from './tile.ts'

/**
 * Conv2DBackpropInput, which is the transposed convolution, for adapters that compute on the CPU, where channels come
 * in fours; otherwise `stock` runs. An invocation keeps 8 pixels × up to 16 channels in registers; its pixels are of
 * one phase (the same row and column modulo the stride), so that they meet the same taps and no inserted zero is
 * multiplied.
 */
export const softwareConv2dInputGradient =
  (stock: KernelFunc): KernelFunc =>
  (call) => {
    const { dy, filter } = call.inputs as { dy: TensorInfo; filter: TensorInfo }
    const { inputShape, strides, pad, dataFormat, dimRoundingMode } = call.attrs as unknown as Conv2DBackpropInputAttrs
    const info = backend_util.computeConv2DInfo(
      inputShape,
      filter.shape as [number, number, number, number],
      strides,
      1,
      pad,
      dimRoundingMode,
      false,
      backend_util.convertConv2DDataFormat(dataFormat),
    )
    const inFours = info.inChannels % 4 === 0 && info.outChannels % 4 === 0
    if (!inFours || info.dataFormat !== 'channelsLast') return stock(call)
    return (call.backend as WebGPUBackend).runWebGPUProgram(program(info), [dy, filter], 'float32', [
      { type: 'int32', data: [info.filterHeight, info.filterWidth] },
      { type: 'int32', data: [info.strideHeight, info.strideWidth] },
      { type: 'int32', data: [info.padInfo.top, info.padInfo.left] },
    ])
  }

function program({ inShape, strideHeight, strideWidth }: backend_util.Conv2DInfo): WebGPUProgram {
  const [batch, height, width, channels] = inShape
  const blocks = tileBlocks(channels / 4)
  const pixelsOfPhase = batch * Math.ceil(height / strideHeight) * Math.ceil(width / strideWidth)
  const tiles = strideHeight * strideWidth * Math.ceil(pixelsOfPhase / tilePixels)
  return {
    variableNames: ['dy', 'W'],
    variableComponents: [4, 4],
    outputComponent: 4,
    outputShape: inShape,
    uniforms: 'kernel : vec2<i32>, strides : vec2<i32>, padding : vec2<i32>,',
    workgroupSize: [workgroupSize, 1, 1],
    dispatchLayout: { x: [0, 1, 2, 3] },
    dispatch: dispatchFor(tiles * (channels / 4 / blocks)),
    shaderKey: `softwareConv2dInputGradient_${blocks}`,
    getUserCode: () => shader(blocks),
  }
}

/**
 * dy is `[batch, height, width, outChannels / 4]` and W `[row, column, inChannels, outChannels / 4]`, in vec4s; the
 * result is `[batch, height, width, inChannels / 4]`.
 */
const shader = (blocks: number): string => /* wgsl */ `
  // Where the channels at a position of dy begin, or -1 outside.
  fn begin(image : i32, position : vec2<i32>) -> i32 {
    let size = uniforms.dyShape.yz;
    if (any(position < vec2<i32>(0)) || any(position >= size) || image >= uniforms.dyShape.x) { return -1; }
    return ((image * size.x + position.x) * size.y + position.y) * (uniforms.dyShape.w / 4);
  }

  fn main(index : i32) {
    let size = uniforms.outShape.yz;
    let strides = uniforms.strides;
    let reach = (size + strides - 1) / strides; // rows and columns of a phase
    let pixels = uniforms.outShape.x * reach.x * reach.y;
    let tilesOfPhase = (pixels + ${tilePixels - 1}) / ${tilePixels};
    let dyBlocks = uniforms.dyShape.w / 4;
    let outBlocks = uniforms.outShape.w / 4;
    let tile = index / (outBlocks / ${blocks});
    let block = index % (outBlocks / ${blocks}) * ${blocks};
    if (tile >= tilesOfPhase * strides.x * strides.y) { return; }
    let phase = vec2<i32>(tile / tilesOfPhase / strides.y, tile / tilesOfPhase % strides.y);
    let pixel = tile % tilesOfPhase * ${tilePixels};
    ${eachPixel(`
    let imagePIXEL = (pixel + PIXEL) / (reach.x * reach.y);
    let atPIXEL = vec2<i32>((pixel + PIXEL) / reach.y % reach.x, (pixel + PIXEL) % reach.y) * strides + phase;`)}
    ${eachPixel(unroll('BLOCK', blocks, 'var sumPIXEL_BLOCK = vec4<f32>(0.0);'))}
    let first = (phase + uniforms.padding) % strides;
    for (var row = first.x; row < uniforms.kernel.x; row += strides.x) {
      for (var column = first.y; column < uniforms.kernel.y; column += strides.y) {
        // The division leaves no remainder, below zero neither.
        let shift = uniforms.padding - vec2<i32>(row, column);
        ${eachPixel('let beginPIXEL = begin(imagePIXEL, (atPIXEL + shift) / strides);')}
        let weight = ((row * uniforms.kernel.y + column) * uniforms.outShape.w + 4 * block) * dyBlocks;
        for (var dyBlock = 0; dyBlock < dyBlocks; dyBlock++) {
          ${eachPixel('let dyPIXEL = select(vec4<f32>(0.0), dy[max(beginPIXEL, 0) + dyBlock], beginPIXEL >= 0);')}
          ${unroll(
            'BLOCK',
            blocks,
            `{
            let w0 = W[weight + dyBlock + 4 * BLOCK * dyBlocks];
            let w1 = W[weight + dyBlock + (4 * BLOCK + 1) * dyBlocks];
            let w2 = W[weight + dyBlock + (4 * BLOCK + 2) * dyBlocks];
            let w3 = W[weight + dyBlock + (4 * BLOCK + 3) * dyBlocks];
            ${eachPixel(
              'sumPIXEL_BLOCK += vec4<f32>(dot(dyPIXEL, w0), dot(dyPIXEL, w1), dot(dyPIXEL, w2), dot(dyPIXEL, w3));',
            )}
          }`,
          )}
        }
      }
    }
    ${eachPixel(`if (imagePIXEL < uniforms.outShape.x && all(atPIXEL < size)) {
      let to = ((imagePIXEL * size.x + atPIXEL.x) * size.y + atPIXEL.y) * outBlocks + block;
      ${unroll('BLOCK', blocks, 'result[to + BLOCK] = sumPIXEL_BLOCK;')}
    }`)}
  }
`

const eachPixel = (code: string): string => unroll('PIXEL', tilePixels, code)
