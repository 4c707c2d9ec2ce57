import type { Tensor, TensorInfo } from '@tensorflow/tfjs-core'
import { itemAt } from '../checks/item.ts'
import { layoutOf } from '../kernels/webgpu-arena.ts'
import type { Gpu } from '../kernels/webgpu-kernel.ts'

/** How an optimizer updates one number of a parameter. */
export interface UpdateRule {
  /** The operator's name. */
  readonly label: string
  /** What is updated: the parameter, and what is remembered of it. */
  readonly slots: readonly string[]
  /** Numbers that `code` reads as `uniforms.NAME`. */
  readonly floats: Readonly<Record<string, number>>
  /** WGSL with `fn update(old : Slots, gradient : f32) -> Slots`; `Slots` has a member for each slot. */
  readonly code: string
}

/** A parameter's slots, and its gradient. */
export interface Updated {
  readonly slots: readonly Tensor[]
  readonly gradient: Tensor
}

const workgroupSize = 64

/** Of the 8 buffers that WebGPU grants, one holds the slots of several parameters, and another one the new ones. */
const mostGradients = 6

/** Updates parameters, several in one dispatch; the new slots of each. */
export const updateAll = (all: readonly Updated[], rule: UpdateRule, gpu: Gpu): TensorInfo[][] =>
  groupsOf(all, gpu.maxBindingBytes).flatMap((group) =>
    group.length === 1 ? [updateOne(itemAt(group, 0), rule, gpu)] : updateGroup(group, rule, gpu),
  )

const shapesOf = (group: readonly Updated[]): number[][] => group.map(({ gradient }) => gradient.shape)

/** As few groups as a dispatch's buffers and the size of one allow; an empty parameter stays alone, as it has no buffer. */
function groupsOf(all: readonly Updated[], maxBytes: number): Updated[][] {
  const groups: Updated[][] = []
  let open: Updated[] | undefined
  for (const one of all) {
    const fits = (group: readonly Updated[]): boolean => one.slots.length * layoutOf(shapesOf(group)).bytes <= maxBytes
    if (one.gradient.size === 0) {
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

const declarations = ({ slots, code }: UpdateRule): string => /* wgsl */ `
struct Slots { ${slots.map((slot) => `${slot} : f32,`).join(' ')} }
${code}`

/** One parameter, each of its slots in a buffer of its own. */
function updateOne({ slots, gradient }: Updated, rule: UpdateRule, gpu: Gpu): TensorInfo[] {
  const { label, floats } = rule
  const outputs = slots.map(({ shape }) => gpu.output(shape))
  const bindings = (prefix: string, tensors: readonly TensorInfo[]) =>
    Object.fromEntries(tensors.map((tensor, index) => [`${prefix}${index}`, [tensor, 'f32'] as const]))
  gpu.run({
    label,
    variant: rule.slots.join(),
    reads: { ...bindings('old', slots), gradient: [gradient, 'f32'] },
    writes: bindings('next', outputs),
    uniforms: { size: gradient.size },
    floats,
    workgroupSize,
    workgroups: Math.ceil(gradient.size / workgroupSize),
    code: () => /* wgsl */ `${declarations(rule)}
fn run(workgroup : i32, local : i32) {
  let at = workgroup * ${workgroupSize} + local;
  if (at >= uniforms.size) { return; }
  let updated = update(Slots(${slots.map((_, index) => `old${index}[at]`).join(', ')}), gradient[at]);
  ${rule.slots.map((slot, index) => `next${index}[at] = updated.${slot};`).join('\n  ')}
}`,
  })
  return outputs
}

/**
 * Several parameters in one dispatch: their old slots are one arena and the new ones another, a section for each slot with
 * the parameters at the same places in each. A workgroup works on one parameter.
 */
function updateGroup(group: readonly Updated[], rule: UpdateRule, gpu: Gpu): TensorInfo[][] {
  const shapes = shapesOf(group)
  const { offsets, bytes } = layoutOf(shapes)
  const old = gpu.arenaOf(rule.slots.flatMap((_, slot) => group.map(({ slots }) => itemAt(slots, slot))))
  const { whole, parts } = gpu.arena(rule.slots.flatMap(() => shapes))
  let workgroups = 0
  const places = group.map(({ gradient: { size } }, index) => {
    workgroups += Math.ceil(size / workgroupSize)
    return { [`end${index}`]: workgroups, [`size${index}`]: size, [`offset${index}`]: itemAt(offsets, index) / 4 }
  })
  gpu.run({
    label: `${rule.label} ${group.length}`,
    variant: rule.slots.join(),
    reads: {
      old: [old, 'f32'],
      ...Object.fromEntries(group.map(({ gradient }, index) => [`gradient${index}`, [gradient, 'f32'] as const])),
    },
    writes: { next: [whole, 'f32'] },
    uniforms: Object.assign({ section: bytes / 4 }, ...places),
    floats: rule.floats,
    workgroupSize,
    workgroups,
    code: () => groupShader(rule, group.length),
  })
  return group.map((_, index) => rule.slots.map((_, slot) => itemAt(parts, slot * group.length + index)))
}

const groupShader = (rule: UpdateRule, count: number): string => /* wgsl */ `${declarations(rule)}
fn write(at : i32, gradient : f32) {
  let updated = update(Slots(${rule.slots.map((_, slot) => `old[at + ${slot} * uniforms.section]`).join(', ')}), gradient);
  ${rule.slots.map((name, slot) => `next[at + ${slot} * uniforms.section] = updated.${name};`).join('\n  ')}
}
fn run(workgroup : i32, local : i32) {${Array.from(
  { length: count },
  (_, index) => `
  if (workgroup < uniforms.end${index}) {
    let at = ${index === 0 ? 'workgroup' : `(workgroup - uniforms.end${index - 1})`} * ${workgroupSize} + local;
    if (at < uniforms.size${index}) { write(uniforms.offset${index} + at, gradient${index}[at]); }
    return;
  }`,
).join('')}
}`
