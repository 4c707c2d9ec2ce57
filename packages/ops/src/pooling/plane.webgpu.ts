import type { KernelConfig, Tensor4D, TensorInfo } from '@tensorflow/tfjs-core'
import { type Gpu, webgpuKernel } from '../kernels/webgpu-kernel.ts'
import { workgroupSize } from '../kernels/webgpu-lanes.ts'
import type { PlaneSize } from './plane-op.ts'

/** One dispatch; 0 for a position outside its plane. */
export const gatherPlaneWebgpu: KernelConfig = webgpuKernel<{ x: Tensor4D; indices: Tensor4D }, object>(
  'gatherPlane',
  ({ x, indices }, _, gpu) => {
    const y = gpu.output(indices.shape)
    gpu.run({
      label: 'gatherPlane',
      reads: { x: [x, 'f32'], indices: [indices, 'i32'] },
      writes: { y: [y, 'f32'] },
      ...overIndices(indices, [x.shape[1], x.shape[2]]),
      code: () => /* wgsl */ `
fn run(workgroup : i32, local : i32) {
  ${findPlace}
  if (isInside) { y[index] = x[place]; } else { y[index] = 0.0; }
}`,
    })
    return y
  },
)

/** Values of one position are added in any order. */
export const scatterPlaneWebgpu: KernelConfig = webgpuKernel<{ dy: Tensor4D; indices: Tensor4D }, PlaneSize>(
  'scatterPlane',
  ({ dy, indices }, { size }, gpu) => scatter(gpu, 'scatterPlane', dy, indices, size, add),
)

/** Of the values of one position, any one stays. */
export const maxUnpool2dWebgpu: KernelConfig = webgpuKernel<{ values: Tensor4D; indices: Tensor4D }, PlaneSize>(
  'maxUnpool2d',
  ({ values, indices }, { size }, gpu) =>
    scatter(gpu, 'maxUnpool2d', values, indices, size, 'atomicStore(&y[place], bitcast<i32>(value));'),
)

/** There are atomic integers alone: retry until nobody else has written in between. */
const add = /* wgsl */ `
  var old = atomicLoad(&y[place]);
  loop {
    let attempt = atomicCompareExchangeWeak(&y[place], old, bitcast<i32>(bitcast<f32>(old) + value));
    if (attempt.exchanged) { break; }
    old = attempt.old_value;
  }`

/** Two dispatches: zeros, and each value at its position; one whose position is outside its plane is left out. */
function scatter(
  gpu: Gpu,
  label: string,
  values: Tensor4D,
  indices: Tensor4D,
  size: PlaneSize['size'],
  write: string,
): TensorInfo {
  const [batch, , , channels] = indices.shape
  const count = batch * size[0] * size[1] * channels
  const y = gpu.output([batch, ...size, channels])
  gpu.run({
    label: `${label} zeros`,
    reads: {},
    writes: { y: [y, 'f32'] },
    uniforms: { size: count },
    workgroupSize,
    workgroups: Math.ceil(count / workgroupSize),
    code: () => /* wgsl */ `
fn run(workgroup : i32, local : i32) {
  let index = workgroup * ${workgroupSize} + local;
  if (index < uniforms.size) { y[index] = 0.0; }
}`,
  })
  gpu.run({
    label,
    reads: { values: [values, 'f32'], indices: [indices, 'i32'] },
    writes: { y: [y, 'atomic<i32>'] },
    ...overIndices(indices, size),
    code: () => /* wgsl */ `
fn run(workgroup : i32, local : i32) {
  ${findPlace}
  if (!isInside) { return; }
  let value = values[index];
  ${write}
}`,
  })
  return y
}

/** An invocation for each of the indices, `[batch, outHeight, outWidth, channels]`. */
const overIndices = ({ shape, size }: Tensor4D, [height, width]: PlaneSize['size']) => ({
  uniforms: { size, pixels: shape[1] * shape[2], plane: height * width, channels: shape[3] },
  workgroupSize,
  workgroups: Math.ceil(size / workgroupSize),
})

/** Where an index points to in the large tensor, and whether that lies in its plane. */
const findPlace = /* wgsl */ `
  let index = workgroup * ${workgroupSize} + local;
  if (index >= uniforms.size) { return; }
  let image = index / uniforms.channels / uniforms.pixels;
  let position = indices[index];
  let isInside = position >= 0 && position < uniforms.plane;
  let place = (image * uniforms.plane + position) * uniforms.channels + index % uniforms.channels;`
