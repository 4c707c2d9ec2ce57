import { backend_util, type TensorInfo, util } from '@tensorflow/tfjs-core'
import { itemAt } from '../checks/item.ts'
import { runEach } from './webgpu-each.ts'
import type { Gpu } from './webgpu-kernel.ts'
import type { BufferType } from './webgpu-program.ts'

/** What computes each value of `y` from those of `reads` at the same place. */
export interface Elementwise {
  readonly label: string
  readonly variant?: string
  /** Tensors of the shape of `y`. */
  readonly reads: Readonly<Record<string, TensorInfo>>
  readonly y: TensorInfo
  /**
   * WGSL of the value, in which each of `reads` is a variable of its name. Four values or one are computed at a time, so
   * types are `F`, `I`, `U` and `B`: floats, integers, unsigned ones, truth values.
   */
  readonly value: string
  /** WGSL functions that `value` calls. */
  readonly functions?: string
  /** Bind float32, too, as its 32 bits: what is only moved or looked at bit by bit keeps NaNs and subnormal numbers. */
  readonly asBits?: boolean
  readonly uniforms?: Readonly<Record<string, number>>
  readonly floats?: Readonly<Record<string, number>>
}

const aliases = (lanes: 1 | 4): string =>
  [
    ['F', 'f32'],
    ['I', 'i32'],
    ['U', 'u32'],
    ['B', 'bool'],
  ]
    .map(([name, type]) => `alias ${name} = ${lanes === 1 ? type : `vec4<${type}>`};`)
    .join(' ')

/** Functions on the bits of floats: WGSL may assume that a float is neither NaN nor infinite, and take subnormal ones for 0. */
const bits = /* wgsl */ `
fn magnitudeOf(x : F) -> U { return bitcast<U>(x) & U(0x7fffffffu); }
fn isNaN(x : F) -> B { return magnitudeOf(x) > U(0x7f800000u); }
fn isInfinite(x : F) -> B { return magnitudeOf(x) == U(0x7f800000u); }
fn isNegative(x : F) -> B { return bitcast<I>(x) < I(0); }`

/** One dispatch, four values at a time where their count allows. */
export function runElementwise(gpu: Gpu, job: Elementwise): TensorInfo {
  const { label, variant = '', reads, y, value, functions = '', asBits = false, uniforms = {}, floats = {} } = job
  const count = util.sizeFromShape(y.shape)
  const lanes = count % 4 === 0 ? 4 : 1
  const typeOf = ({ dtype }: TensorInfo): BufferType => {
    const scalar = dtype === 'float32' && !asBits ? 'f32' : 'i32'
    return lanes === 4 ? `vec4<${scalar}>` : scalar
  }
  const size = count / lanes
  runEach(gpu, {
    label,
    variant,
    reads: Object.fromEntries(Object.entries(reads).map(([name, x]) => [`${name}Values`, [x, typeOf(x)] as const])),
    writes: { results: [y, typeOf(y)] },
    size,
    uniforms,
    floats,
    functions: () => /* wgsl */ `
${aliases(lanes)}${bits}
${functions}`,
    each: () => /* wgsl */ `
  ${Object.keys(reads)
    .map((name) => `let ${name} = ${name}Values[index];`)
    .join(' ')}
  results[index] = ${value};`,
  })
  return y
}

export interface Broadcast extends Omit<Elementwise, 'reads'> {
  readonly a: TensorInfo
  readonly b: TensorInfo
}

/** As `runElementwise`, of two tensors `a` and `b` that are broadcast to the shape of `y`, of any rank. */
export function runBroadcast(gpu: Gpu, job: Broadcast): TensorInfo {
  const { a, b, y, label, variant = '', value, functions = '', asBits = false, uniforms = {}, floats = {} } = job
  if (util.arraysEqual(a.shape, y.shape) && util.arraysEqual(b.shape, y.shape)) {
    return runElementwise(gpu, { ...job, reads: { a, b } })
  }
  const axes = joinedAxes(y.shape, stepsOf(a.shape, y.shape), stepsOf(b.shape, y.shape))
  const size = util.sizeFromShape(y.shape)
  const typeOf = ({ dtype }: TensorInfo): BufferType => (dtype === 'float32' && !asBits ? 'f32' : 'i32')
  runEach(gpu, {
    label,
    variant: `${variant} broadcast over ${axes.length} axes`,
    reads: { aValues: [a, typeOf(a)], bValues: [b, typeOf(b)] },
    writes: { results: [y, typeOf(y)] },
    size,
    uniforms: {
      ...uniforms,
      ...Object.fromEntries(
        axes.flatMap(([count, aStep, bStep], axis) => [
          [`count${axis}`, count],
          [`aStep${axis}`, aStep],
          [`bStep${axis}`, bStep],
        ]),
      ),
    },
    floats,
    functions: () => /* wgsl */ `
${aliases(1)}${bits}
${functions}`,
    each: () => /* wgsl */ `
  var rest = index;
  var aAt = 0;
  var bAt = 0;
  ${axes
    .map(
      (_, axis) => `
  aAt += rest % uniforms.count${axis} * uniforms.aStep${axis};
  bAt += rest % uniforms.count${axis} * uniforms.bStep${axis};
  rest /= uniforms.count${axis};`,
    )
    .reverse()
    .join('')}
  let a = aValues[aAt];
  let b = bValues[bAt];
  results[index] = ${value};`,
  })
  return y
}

/** How far each axis of `target` steps in a tensor of `shape`: 0 where it is repeated. */
function stepsOf(shape: readonly number[], target: readonly number[]): number[] {
  const lead = target.length - shape.length
  return target.map((_, axis) =>
    axis < lead || shape[axis - lead] === 1 ? 0 : util.sizeFromShape(shape.slice(axis - lead + 1)),
  )
}

/** The axes with their steps in two tensors, neighbours joined where they step as one in both. */
function joinedAxes(shape: readonly number[], a: readonly number[], b: readonly number[]): [number, number, number][] {
  const axes: [number, number, number][] = []
  for (const [axis, size] of shape.entries()) {
    if (size === 1) continue
    const [aStep, bStep] = [itemAt(a, axis), itemAt(b, axis)]
    const last = axes.at(-1)
    if (last !== undefined && last[1] === size * aStep && last[2] === size * bStep) {
      axes[axes.length - 1] = [last[0] * size, aStep, bStep]
    } else axes.push([size, aStep, bStep])
  }
  return axes.length > 0 ? axes : [[1, 0, 0]]
}

/** The shape that two tensors are broadcast to. */
export const broadcastShape = (a: TensorInfo, b: TensorInfo): number[] =>
  backend_util.assertAndGetBroadcastShape(a.shape, b.shape)

/** The 32 bits of a value of `dtype`, as an integer. */
export const bitsOf = (value: number, dtype: string): number =>
  dtype === 'float32' ? itemAt(new Int32Array(Float32Array.of(value).buffer), 0) : Math.trunc(Number(value))
