import type { KernelConfig, Tensor, TensorInfo } from '@tensorflow/tfjs-core'
import { util } from '@tensorflow/tfjs-core'
import { webgpuKernel } from '../engine/webgpu-kernel.ts'
import { workgroupSize } from '../engine/webgpu-lanes.ts'

/**
 * Repeats along each axis as copies of whole blocks, from the last axis to the first, in one dispatch for each run of
 * neighbours that are repeated; tfjs's own kernel refuses ranks above 4.
 */
export const tileWebgpu: KernelConfig = webgpuKernel<{ x: Tensor }, { reps: number[] }>(
  'Tile',
  ({ x }, { reps }, gpu) => {
    const dtype = x.dtype as 'float32' | 'int32' | 'bool'
    const y = gpu.output(
      x.shape.map((size, axis) => size * (reps[axis] as number)),
      dtype,
    )
    if (y.shape.includes(0)) return y
    const axes = runsOf(x.shape, reps)
    const repeated = [...axes.keys()].filter((axis) => axes[axis]?.count !== 1).reverse()
    // Without repetition it is still a copy: one block, once.
    const passes = repeated.length === 0 ? [0] : repeated
    let from: TensorInfo = x
    for (const [pass, axis] of passes.entries()) {
      const { size, count } = axes[axis] as Run
      const outer = axes.slice(0, axis).reduce((product, each) => product * each.size, 1)
      const inner = axes.slice(axis + 1).reduce((product, each) => product * each.size * each.count, 1)
      const block = size * inner
      const shape = [outer, count, block]
      const to = pass === passes.length - 1 ? y : gpu.scratch(shape, dtype)
      const scalar = dtype === 'float32' ? ('f32' as const) : ('i32' as const)
      const type = block % 4 === 0 ? (`vec4<${scalar}>` as const) : scalar
      const values = util.sizeFromShape(shape) / (type === scalar ? 1 : 4)
      gpu.run({
        label: 'Tile',
        reads: { x: [from, type] },
        writes: { y: [to, type] },
        uniforms: { values, block: type === scalar ? block : block / 4, count },
        workgroupSize,
        workgroups: Math.ceil(values / workgroupSize),
        code: () => /* wgsl */ `
fn run(workgroup : i32, local : i32) {
  let index = workgroup * ${workgroupSize} + local;
  if (index >= uniforms.values) { return; }
  y[index] = x[index / (uniforms.count * uniforms.block) * uniforms.block + index % uniforms.block];
}`,
      })
      from = to
    }
    return y
  },
)

/** Axes of `size` elements, repeated `count` times. */
interface Run {
  readonly size: number
  readonly count: number
}

/** Neighbouring axes as one where they are repeated as one: none of them, or single elements. */
function runsOf(shape: readonly number[], reps: readonly number[]): Run[] {
  const runs: Run[] = []
  for (const [axis, size] of shape.entries()) {
    const count = reps[axis] as number
    if (size === 1 && count === 1) continue
    const last = runs.at(-1)
    const joins = last !== undefined && ((last.count === 1 && count === 1) || (last.size === 1 && size === 1))
    if (joins) runs[runs.length - 1] = { size: last.size * size, count: last.count * count }
    else runs.push({ size, count })
  }
  return runs.length > 0 ? runs : [{ size: 1, count: 1 }]
}
