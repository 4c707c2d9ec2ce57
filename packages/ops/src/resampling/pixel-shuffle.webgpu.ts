import type { KernelConfig, Tensor4D, TensorInfo } from '@tensorflow/tfjs-core'
import { runEach } from '../kernels/webgpu-each.ts'
import { type Gpu, webgpuKernel } from '../kernels/webgpu-kernel.ts'
import type { ShuffleGeometry } from './pixel-shuffle.ts'

export const pixelShuffleWebgpu: KernelConfig = webgpuKernel<{ x: Tensor4D }, ShuffleGeometry>(
  'pixelShuffle',
  ({ x }, geometry, gpu) => {
    const [batch, height, width, channels] = geometry.low
    const y = gpu.output([batch, height * geometry.factor, width * geometry.factor, channels])
    move(gpu, 'pixelShuffle', x, y, geometry)
    return y
  },
)

export const pixelUnshuffleWebgpu: KernelConfig = webgpuKernel<{ x: Tensor4D }, ShuffleGeometry>(
  'pixelUnshuffle',
  ({ x }, geometry, gpu) => {
    const [batch, height, width, channels] = geometry.low
    const y = gpu.output([batch, height, width, channels * geometry.factor ** 2])
    move(gpu, 'pixelUnshuffle', x, y, geometry)
    return y
  },
)

/** One dispatch. */
function move(
  gpu: Gpu,
  label: 'pixelShuffle' | 'pixelUnshuffle',
  x: Tensor4D,
  y: TensorInfo,
  { low: [batch, height, width, channels], factor }: ShuffleGeometry,
): void {
  const bySquares = factor === 2 && channels % 4 === 0
  runEach(gpu, {
    label: bySquares ? `${label} 2×2` : label,
    reads: { x: [x, bySquares ? 'vec4<f32>' : 'f32'] },
    writes: { y: [y, bySquares ? 'vec4<f32>' : 'f32'] },
    size: bySquares ? (batch * height * width * channels) / 4 : x.size,
    uniforms: { width, channels, factor },
    each: () => (bySquares ? squares(label) : singly(label)),
  })
}

/** An invocation moves one value, from or to the large image in its order. */
const singly = (label: 'pixelShuffle' | 'pixelUnshuffle'): string => /* wgsl */ `
  let high = index;
  let factor = uniforms.factor;
  let channel = high % uniforms.channels;
  let column = high / uniforms.channels % (uniforms.width * factor);
  let row = high / uniforms.channels / (uniforms.width * factor); // of all images
  let pixel = row / factor * uniforms.width + column / factor;
  let low = ((pixel * uniforms.channels + channel) * factor + row % factor) * factor + column % factor;
  ${label === 'pixelShuffle' ? 'y[high] = x[low];' : 'y[low] = x[high];'}`

/** An invocation moves four channels of a square of four pixels, which are a 4 × 4 block to transpose. */
const squares = (label: 'pixelShuffle' | 'pixelUnshuffle'): string => {
  const low = [0, 1, 2, 3].map((channel) => `low + ${channel}`)
  const high = [0, 1].flatMap((i) => [0, 1].map((j) => `high + ${i} * 2 * uniforms.width * blocks + ${j} * blocks`))
  const [from, to] = label === 'pixelShuffle' ? [low, high] : [high, low]
  return /* wgsl */ `
  let blocks = uniforms.channels / 4;
  let block = index % blocks;
  let pixel = index / blocks;
  let low = 4 * index;
  let high = (pixel / uniforms.width * 4 * uniforms.width + pixel % uniforms.width * 2) * blocks + block;
  let moved = transpose(mat4x4<f32>(${from.map((at) => `x[${at}]`).join(', ')}));
  ${to.map((at, index) => `y[${at}] = moved[${index}];`).join('\n  ')}`
}
