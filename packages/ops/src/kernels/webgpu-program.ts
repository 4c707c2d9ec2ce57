import type { TensorInfo } from '@tensorflow/tfjs-core'
import { env } from '@tensorflow/tfjs-core'

/** What a storage buffer holds. */
export type BufferType = 'f32' | 'vec4<f32>' | 'i32' | 'vec4<i32>' | 'atomic<i32>'

/** A tensor, and what its buffer is an array of: `[x, 'vec4<f32>']`. */
export type Binding = readonly [TensorInfo, BufferType]

/** A compute program and what one dispatch of it works on. */
export interface Program {
  /**
   * The pipeline's label: the operator's kernel name, then what tells its programs apart (a pass, a tile), as in
   * `batchNorm finish` or `conv2d 32×32×16`.
   */
  readonly label: string
  /** What else `code` depends on, besides the label and the types of the buffers. */
  readonly variant?: string
  /** Read-only buffers by the names that `code` gives them. */
  readonly reads: Readonly<Record<string, Binding>>
  /** Buffers that are written; no tensor may be in both. Together at most 8, and `code` must use them all. */
  readonly writes: Readonly<Record<string, Binding>>
  /** Integers that `code` reads as `uniforms.NAME`; `uniforms.workgroups` is there too. */
  readonly uniforms: Readonly<Record<string, number>>
  /** Numbers that it reads as `uniforms.NAME`. */
  readonly floats?: Readonly<Record<string, number>>
  /** Invocations of a workgroup, at most 256. */
  readonly workgroupSize: number
  readonly workgroups: number
  /** WGSL with `fn run(workgroup : i32, local : i32)`, called in each invocation; a workgroup is uniform. */
  readonly code: () => string
}

type Pipelines = Record<string, GPUComputePipeline | Promise<GPUComputePipeline>>

/**
 * The pipeline of a program, made on first use and kept in tfjs's cache. Undefined while tfjs only compiles
 * (`WEBGPU_ENGINE_COMPILE_ONLY`): `checkCompileCompletionAsync` then waits for the pipeline too.
 */
export function pipelineFor(device: GPUDevice, cache: Pipelines, program: Program): GPUComputePipeline | undefined {
  const { label, variant = '', reads, writes } = program
  const types = [...Object.values(writes), ...Object.values(reads)].map(([, type]) => type)
  const key = `ddnet ${label} ${variant} ${types}`
  const compileOnly = env().getBool('WEBGPU_ENGINE_COMPILE_ONLY')
  if (cache[key] === undefined) {
    const module = device.createShaderModule({ label, code: shaderOf(program) })
    const descriptor = { label, layout: 'auto' as const, compute: { module, entryPoint: 'start' } }
    cache[key] = compileOnly ? device.createComputePipelineAsync(descriptor) : device.createComputePipeline(descriptor)
  }
  if (compileOnly) return undefined
  const pipeline = cache[key]
  if (pipeline instanceof Promise) {
    throw new Error(
      `webgpu: the pipeline of ${label} is still being compiled. Await checkCompileCompletionAsync() first.`,
    )
  }
  return pipeline
}

function shaderOf({ reads, writes, uniforms, floats = {}, workgroupSize, code }: Program): string {
  const buffers = [
    ...Object.entries(writes).map(([name, [, type]]) => `var<storage, read_write> ${name} : array<${type}>;`),
    ...Object.entries(reads).map(([name, [, type]]) => `var<storage, read> ${name} : array<${type}>;`),
    'var<uniform> uniforms : Uniforms;',
  ]
  const members = [
    'workgroups : i32,',
    ...Object.keys(uniforms).map((name) => `${name} : i32,`),
    ...Object.keys(floats).map((name) => `${name} : f32,`),
  ]
  return /* wgsl */ `
struct Uniforms {
  ${members.join('\n  ')}
}
${buffers.map((declaration, index) => `@group(0) @binding(${index}) ${declaration}`).join('\n')}
${code()}
@compute @workgroup_size(${workgroupSize})
fn start(
  @builtin(workgroup_id) id : vec3<u32>,
  @builtin(num_workgroups) count : vec3<u32>,
  @builtin(local_invocation_index) local : u32,
) {
  let workgroup = i32((id.z * count.y + id.y) * count.x + id.x);
  if (workgroup < uniforms.workgroups) { run(workgroup, i32(local)); }
}
`
}
