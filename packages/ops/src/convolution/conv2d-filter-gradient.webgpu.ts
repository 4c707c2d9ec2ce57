import type { KernelConfig, Tensor4D, TensorInfo } from '@tensorflow/tfjs-core'
import { tuple } from '../checks/item.ts'
import { runComposition } from '../kernels/kernel-source.ts'
import { type Gpu, webgpuKernel } from '../kernels/webgpu-kernel.ts'
import { depthwiseFilterGradient, isDepthwise } from './depthwise.webgpu.ts'
import { planDirectly } from './filter-gradient-direct.webgpu.ts'
import { planTiled } from './filter-gradient-tiled.webgpu.ts'
import type { ConvolutionGeometry, Pair } from './geometry.ts'
import { isNarrow } from './narrow-groups.ts'

/**
 * The filter gradient as a product of matrices: rows are taps × input channels, columns output channels, and the depth
 * all output pixels of the batch. The depth is long and the product small, so the depth is split: each part has sums of
 * its own, and a second dispatch adds them in the order of the parts, so that the same inputs give the same bits.
 */
export const conv2dFilterGradientWebgpu: KernelConfig = webgpuKernel<
  { x: Tensor4D; dy: Tensor4D },
  ConvolutionGeometry & { kernelSize: Pair }
>('conv2dFilterGradient', ({ x, dy }, { kernelSize, ...geometry }, gpu) => {
  const groupChannels = x.shape[3] / geometry.groups
  if (dy.size === 0) return runComposition('conv2dFilterGradient', { x, dy }, { kernelSize, ...geometry })
  const gradient = gpu.output([...kernelSize, groupChannels, dy.shape[3]])
  const what = { x, dy, geometry, kernelSize }
  if (isDepthwise(groupChannels, dy.shape[3], geometry.groups)) {
    depthwiseFilterGradient(gpu, what, gradient)
    return gradient
  }
  const isDirect = gpu.variant === 'software' || isNarrow(groupChannels, geometry)
  const { parts, program } = isDirect ? planDirectly(gpu, what) : planTiled(what)
  const partials = parts === 1 ? gradient : gpu.scratch([parts, ...gradient.shape])
  gpu.run(program(partials))
  if (parts > 1) addParts(gpu, partials, gradient)
  return gradient
})

/** Sums of a workgroup of the finishing dispatch, and invocations that share the parts of each. */
const sumsAtOnce = 8
const sharers = 8

/** `gradient = Σ partials[part]`, the parts in a fixed order. */
function addParts(gpu: Gpu, partials: TensorInfo, gradient: TensorInfo): void {
  const [parts] = tuple(partials.shape, 1)
  const size = gradient.shape.reduce((product, length) => product * length, 1)
  const type = size % 4 === 0 ? 'vec4<f32>' : 'f32'
  const sums = type === 'f32' ? size : size / 4
  const shared = gpu.variant === 'gpu'
  gpu.run({
    label: 'conv2dFilterGradient finish',
    variant: gpu.variant,
    reads: { partials: [partials, type] },
    writes: { gradient: [gradient, type] },
    uniforms: { sums, parts },
    workgroupSize: sumsAtOnce * sharers,
    workgroups: Math.ceil(sums / (shared ? sumsAtOnce : sumsAtOnce * sharers)),
    code: () => (shared ? addShared(type) : addAlone(type)),
  })
}

const addAlone = (type: string): string => /* wgsl */ `
fn run(workgroup : i32, local : i32) {
  let index = workgroup * ${sumsAtOnce * sharers} + local;
  if (index >= uniforms.sums) { return; }
  var sum = ${type}(0);
  for (var part = 0; part < uniforms.parts; part++) { sum += partials[part * uniforms.sums + index]; }
  gradient[index] = sum;
}`

const addShared = (type: string): string => /* wgsl */ `
var<workgroup> shares : array<${type}, ${sumsAtOnce * sharers}>;

fn run(workgroup : i32, local : i32) {
  let index = workgroup * ${sumsAtOnce} + local % ${sumsAtOnce};
  var share = ${type}(0);
  if (index < uniforms.sums) {
    for (var part = local / ${sumsAtOnce}; part < uniforms.parts; part += ${sharers}) {
      share += partials[part * uniforms.sums + index];
    }
  }
  shares[local] = share;
  workgroupBarrier();
  if (local >= ${sumsAtOnce} || index >= uniforms.sums) { return; }
  var sum = share;
  for (var each = 1; each < ${sharers}; each++) { sum += shares[each * ${sumsAtOnce} + local]; }
  gradient[index] = sum;
}`
