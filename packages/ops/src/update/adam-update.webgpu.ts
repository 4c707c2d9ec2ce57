import type { KernelConfig, Tensor, TensorInfo } from '@tensorflow/tfjs-core'
import { layoutOf } from '../engine/webgpu-arena.ts'
import { type Gpu, webgpuKernel } from '../engine/webgpu-kernel.ts'
import type { AdamAttributes } from './adam-update.ts'

/** A parameter, its gradient, m and v. */
type Four = readonly [Tensor, Tensor, Tensor, Tensor]

const workgroupSize = 64

/** Of 8 buffers, one holds parameters, m and v, and another one the new ones. */
const mostGradients = 6

const rule = /* wgsl */ `
fn update(parameter : f32, gradient : f32, m : f32, v : f32) -> vec3<f32> {
  let g = gradient + uniforms.coupledDecay * parameter;
  let newM = uniforms.beta1 * m + uniforms.rest1 * g;
  let newV = uniforms.beta2 * v + uniforms.rest2 * g * g;
  let change = uniforms.rate * newM / (sqrt(newV) * uniforms.correction + uniforms.eps);
  return vec3<f32>(uniforms.kept * parameter - change, newM, newV);
}`

const floatsOf = ({ learningRate, beta1, beta2, eps, weightDecay, decoupled, step }: AdamAttributes) => ({
  beta1,
  rest1: 1 - beta1,
  beta2,
  rest2: 1 - beta2,
  rate: learningRate / (1 - beta1 ** step),
  correction: 1 / Math.sqrt(1 - beta2 ** step),
  eps,
  coupledDecay: decoupled ? 0 : weightDecay,
  kept: decoupled ? 1 - learningRate * weightDecay : 1,
})

/** One parameter, each of its tensors in a buffer of its own: `[parameter, m, v]`. */
function updateOne([parameter, gradient, m, v]: Four, attributes: AdamAttributes, gpu: Gpu): TensorInfo[] {
  const size = parameter.size
  const [newParameter, newM, newV] = [gpu.output(parameter.shape), gpu.output(m.shape), gpu.output(v.shape)]
  gpu.run({
    label: 'adamUpdate',
    reads: { parameter: [parameter, 'f32'], gradient: [gradient, 'f32'], m: [m, 'f32'], v: [v, 'f32'] },
    writes: { newParameter: [newParameter, 'f32'], newM: [newM, 'f32'], newV: [newV, 'f32'] },
    uniforms: { size },
    floats: floatsOf(attributes),
    workgroupSize,
    workgroups: Math.ceil(size / workgroupSize),
    code: () => /* wgsl */ `${rule}
fn run(workgroup : i32, local : i32) {
  let at = workgroup * ${workgroupSize} + local;
  if (at >= uniforms.size) { return; }
  let updated = update(parameter[at], gradient[at], m[at], v[at]);
  newParameter[at] = updated.x;
  newM[at] = updated.y;
  newV[at] = updated.z;
}`,
  })
  return [newParameter, newM, newV]
}

/**
 * Several parameters in one dispatch: the old parameters, m and v are one arena and the new ones another, three sections
 * with the same places. Each workgroup works on one parameter.
 */
function updateGroup(group: readonly Four[], attributes: AdamAttributes, gpu: Gpu): TensorInfo[][] {
  const shapes = group.map(([{ shape }]) => shape)
  const { offsets, bytes } = layoutOf(shapes)
  const old = gpu.arenaOf([0, 2, 3].flatMap((slot) => group.map((each) => each[slot] as Tensor)))
  const { whole, parts } = gpu.arena([...shapes, ...shapes, ...shapes])
  const numbers = group.map((_, index) => index)
  const ends = group.map(({ 0: { size } }) => Math.ceil(size / workgroupSize))
  for (const index of numbers.slice(1)) ends[index] = (ends[index] as number) + (ends[index - 1] as number)
  gpu.run({
    label: `adamUpdates ${group.length}`,
    reads: {
      old: [old, 'f32'],
      ...Object.fromEntries(group.map(([, gradient], index) => [`gradient${index}`, [gradient, 'f32']] as const)),
    },
    writes: { next: [whole, 'f32'] },
    uniforms: {
      section: bytes / 4,
      ...Object.fromEntries(numbers.map((index) => [`end${index}`, ends[index] as number])),
      ...Object.fromEntries(group.map(([{ size }], index) => [`size${index}`, size])),
      ...Object.fromEntries(numbers.map((index) => [`offset${index}`, (offsets[index] as number) / 4])),
    },
    floats: floatsOf(attributes),
    workgroupSize,
    workgroups: ends.at(-1) as number,
    code: () => /* wgsl */ `${rule}
fn write(at : i32, gradient : f32) {
  let section = uniforms.section;
  let updated = update(old[at], gradient, old[at + section], old[at + 2 * section]);
  next[at] = updated.x;
  next[at + section] = updated.y;
  next[at + 2 * section] = updated.z;
}
fn run(workgroup : i32, local : i32) {${numbers
      .map(
        (index) => `
  if (workgroup < uniforms.end${index}) {
    let at = ${index === 0 ? 'workgroup' : `(workgroup - uniforms.end${index - 1})`} * ${workgroupSize} + local;
    if (at < uniforms.size${index}) { write(uniforms.offset${index} + at, gradient${index}[at]); }
    return;
  }`,
      )
      .join('')}
}`,
  })
  return numbers.map((index) => [0, 1, 2].map((slot) => parts[slot * group.length + index] as TensorInfo))
}

export const adamUpdateWebgpu: KernelConfig = webgpuKernel<
  Record<'parameter' | 'gradient' | 'm' | 'v', Tensor>,
  AdamAttributes
>('adamUpdate', ({ parameter, gradient, m, v }, attributes, gpu) =>
  updateOne([parameter, gradient, m, v], attributes, gpu),
)

export const adamUpdatesWebgpu: KernelConfig = webgpuKernel<Record<string, Tensor>, AdamAttributes>(
  'adamUpdates',
  (inputs, attributes, gpu) =>
    groupsOf(foursOf(Object.values(inputs)), gpu.maxBindingBytes)
      .map((group) =>
        group.length === 1 ? [updateOne(group[0] as Four, attributes, gpu)] : updateGroup(group, attributes, gpu),
      )
      .flat(2),
)

const foursOf = (inputs: readonly Tensor[]): Four[] =>
  Array.from({ length: inputs.length / 4 }, (_, index) => inputs.slice(4 * index, 4 * index + 4) as unknown as Four)

/** As few groups as a dispatch's buffers and the size of one allow; an empty parameter stays alone, as it has no buffer. */
function groupsOf(all: readonly Four[], maxBytes: number): Four[][] {
  const groups: Four[][] = []
  let open: Four[] | undefined
  for (const one of all) {
    const fits = (group: readonly Four[]): boolean => 3 * layoutOf(group.map(([{ shape }]) => shape)).bytes <= maxBytes
    if (one[0].size === 0) {
      groups.push([one])
      open = undefined // results keep the order
    } else if (open !== undefined && open.length < mostGradients && fits([...open, one])) {
      open.push(one)
    } else {
      open = [one]
      groups.push(open)
    }
  }
  return groups
}
