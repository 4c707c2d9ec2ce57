import type { KernelConfig, Tensor4D } from '@tensorflow/tfjs-core'
import { runEach } from '../kernels/webgpu-each.ts'
import { webgpuKernel } from '../kernels/webgpu-kernel.ts'
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

/** Of several values of one position the last stays, whichever invocation comes last; one outside its plane is left out. */
export const maxUnpool2dWebgpu: KernelConfig = webgpuKernel<{ values: Tensor4D; indices: Tensor4D }, PlaneSize>(
  'maxUnpool2d',
  ({ values, indices }, { size }, gpu) => {
    const [batch, , , channels] = indices.shape
    const shape = [batch, ...size, channels]
    const y = gpu.output(shape)
    const last = gpu.scratch(shape, 'int32')
    const count = batch * size[0] * size[1] * channels
    runEach(gpu, {
      label: 'maxUnpool2d zeros',
      reads: {},
      writes: { y: [y, 'f32'], last: [last, 'i32'] },
      size: count,
      each: () => /* wgsl */ `
  y[index] = 0.0; last[index] = -1;`,
    })
    gpu.run({
      label: 'maxUnpool2d last',
      reads: { indices: [indices, 'i32'] },
      writes: { last: [last, 'atomic<i32>'] },
      ...overIndices(indices, size),
      code: () => /* wgsl */ `
fn run(workgroup : i32, local : i32) {
  ${findPlace}
  if (isInside) { atomicMax(&last[place], index); }
}`,
    })
    gpu.run({
      label: 'maxUnpool2d',
      reads: { values: [values, 'f32'], indices: [indices, 'i32'], last: [last, 'i32'] },
      writes: { y: [y, 'f32'] },
      ...overIndices(indices, size),
      code: () => /* wgsl */ `
fn run(workgroup : i32, local : i32) {
  ${findPlace}
  if (isInside && last[max(place, 0)] == index) { y[place] = values[index]; }
}`,
    })
    return y
  },
)

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
