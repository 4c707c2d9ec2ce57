import type { Gpu } from './webgpu-kernel.ts'
import { workgroupSize } from './webgpu-lanes.ts'
import type { Program } from './webgpu-program.ts'

/** A program that does the same at each of `size` places. */
export interface EachPlace extends Omit<Program, 'uniforms' | 'workgroupSize' | 'workgroups' | 'code'> {
  readonly size: number
  /** As in a program; `uniforms.size` is there too. */
  readonly uniforms?: Program['uniforms']
  /** WGSL of what is done at the place `index`; it may return early. */
  readonly each: () => string
  /** WGSL of functions that `each` calls, and aliases. */
  readonly functions?: () => string
}

/** Records one dispatch with an invocation for each place. */
export function runEach(gpu: Gpu, { size, uniforms, each, functions = () => '', ...program }: EachPlace): void {
  gpu.run({
    ...program,
    uniforms: { ...uniforms, size },
    workgroupSize,
    workgroups: Math.ceil(size / workgroupSize),
    code: () => /* wgsl */ `
${functions().trim()}
fn run(workgroup : i32, local : i32) {
  let index = workgroup * ${workgroupSize} + local;
  if (index >= uniforms.size) { return; }
  ${each().trim()}
}`,
  })
}
