import type { WebGPUBackend, WebGPUProgram } from '@tensorflow/tfjs-backend-webgpu'
import { backend_util, type Conv2DAttrs, type KernelFunc, type TensorInfo } from '@tensorflow/tfjs-core'

/**
 * Conv2D for adapters that compute on the CPU, where channels come in fours; otherwise `stock` runs. tfjs's kernel
 * shares tiles through workgroup memory, which such adapters emulate slowly; this one keeps 4 pixels × 4 output
 * channels of one invocation in registers and has no barrier. The 12 convolutions of a DDNet step (batch 8) took
 * 1.5 s instead of 7.0 (SwiftShader, two shared cores, consecutive runs).
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
    const inFours = info.inChannels % 4 === 0 && info.outChannels % 4 === 0
    if (!inFours || info.dataFormat !== 'channelsLast') return stock(call)
    return (call.backend as WebGPUBackend).runWebGPUProgram(conv2dProgram(info), [x, filter], 'float32', [
      { type: 'int32', data: [info.filterHeight, info.filterWidth] },
      { type: 'int32', data: [info.strideHeight, info.strideWidth] },
      { type: 'int32', data: [info.padInfo.top, info.padInfo.left] },
      { type: 'int32', data: [info.dilationHeight, info.dilationWidth] },
    ])
  }

const workgroupSize = 64

function conv2dProgram({ outShape }: backend_util.Conv2DInfo): WebGPUProgram {
  const [batch, height, width, channels] = outShape
  const invocations = Math.ceil((batch * height * width) / 4) * (channels / 4)
  return {
    variableNames: ['x', 'W'],
    variableComponents: [4, 4],
    outputComponent: 4,
    outputShape: outShape,
    uniforms: 'kernel : vec2<i32>, strides : vec2<i32>, padding : vec2<i32>, dilations : vec2<i32>,',
    workgroupSize: [workgroupSize, 1, 1],
    dispatchLayout: { x: [0, 1, 2, 3] },
    dispatch: [Math.ceil(invocations / workgroupSize), 1, 1],
    shaderKey: 'softwareConv2d',
    getUserCode: () => shader,
  }
}

/** x is `[batch, height, width, inChannels / 4]` and W `[row, column, inChannels, outChannels / 4]`, in vec4s. */
const shader = /* wgsl */ `
  const outside = vec2<i32>(-1000000);

  // The input row and column that the first tap of an output pixel reads.
  fn corner(pixel : i32) -> vec2<i32> {
    if (pixel >= uniforms.outShape.x * uniforms.outShape.y * uniforms.outShape.z) { return outside; }
    let row = (pixel / uniforms.outShape.z) % uniforms.outShape.y;
    let column = pixel % uniforms.outShape.z;
    return vec2<i32>(row, column) * uniforms.strides - uniforms.padding;
  }

  // Where the channels of a position begin, or -1 where it is padding.
  fn start(pixel : i32, position : vec2<i32>, channels : i32) -> i32 {
    let size = uniforms.xShape.yz;
    if (any(position < vec2<i32>(0)) || any(position >= size)) { return -1; }
    let image = pixel / (uniforms.outShape.y * uniforms.outShape.z);
    return ((image * size.x + position.x) * size.y + position.y) * channels;
  }

  fn load(begin : i32, channel : i32) -> vec4<f32> {
    return select(vec4<f32>(0.0), x[max(begin, 0) + channel], begin >= 0);
  }

  fn main(index : i32) {
    let inBlocks = uniforms.xShape.w / 4;
    let outBlocks = uniforms.outShape.w / 4;
    let pixel = index / outBlocks * 4;
    let outBlock = index % outBlocks;
    let corner0 = corner(pixel);
    let corner1 = corner(pixel + 1);
    let corner2 = corner(pixel + 2);
    let corner3 = corner(pixel + 3);
    var sum0 = vec4<f32>(0.0);
    var sum1 = vec4<f32>(0.0);
    var sum2 = vec4<f32>(0.0);
    var sum3 = vec4<f32>(0.0);
    var weight = outBlock;
    for (var row = 0; row < uniforms.kernel.x; row++) {
      for (var column = 0; column < uniforms.kernel.y; column++) {
        let tap = vec2<i32>(row, column) * uniforms.dilations;
        let begin0 = start(pixel, corner0 + tap, inBlocks);
        let begin1 = start(pixel + 1, corner1 + tap, inBlocks);
        let begin2 = start(pixel + 2, corner2 + tap, inBlocks);
        let begin3 = start(pixel + 3, corner3 + tap, inBlocks);
        for (var block = 0; block < inBlocks; block++) {
          let w0 = W[weight];
          let w1 = W[weight + outBlocks];
          let w2 = W[weight + 2 * outBlocks];
          let w3 = W[weight + 3 * outBlocks];
          weight += 4 * outBlocks;
          let x0 = load(begin0, block);
          let x1 = load(begin1, block);
          let x2 = load(begin2, block);
          let x3 = load(begin3, block);
          sum0 += x0.x * w0 + x0.y * w1 + x0.z * w2 + x0.w * w3;
          sum1 += x1.x * w0 + x1.y * w1 + x1.z * w2 + x1.w * w3;
          sum2 += x2.x * w0 + x2.y * w1 + x2.z * w2 + x2.w * w3;
          sum3 += x3.x * w0 + x3.y * w1 + x3.z * w2 + x3.w * w3;
        }
      }
    }
    let pixels = uniforms.outShape.x * uniforms.outShape.y * uniforms.outShape.z;
    if (pixel < pixels) { result[pixel * outBlocks + outBlock] = sum0; }
    if (pixel + 1 < pixels) { result[(pixel + 1) * outBlocks + outBlock] = sum1; }
    if (pixel + 2 < pixels) { result[(pixel + 2) * outBlocks + outBlock] = sum2; }
    if (pixel + 3 < pixels) { result[(pixel + 3) * outBlocks + outBlock] = sum3; }
  }
`
