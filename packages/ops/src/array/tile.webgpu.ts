import type { KernelConfig, Tensor } from '@tensorflow/tfjs-core'
import { itemAt } from '../checks/item.ts'
import { runEach } from '../kernels/webgpu-each.ts'
import { webgpuKernel } from '../kernels/webgpu-kernel.ts'

/** One dispatch, of any rank; tfjs's own kernel refuses ranks above 4. */
export const tileWebgpu: KernelConfig = webgpuKernel<{ x: Tensor }, { reps: number[] }>(
  'Tile',
  ({ x }, { reps }, gpu) => {
    const dtype = x.dtype as 'float32' | 'int32' | 'bool'
    const y = gpu.output(
      x.shape.map((size, axis) => size * itemAt(reps, axis)),
      dtype,
    )
    const axes = joinedAxes(x.shape, reps)
    const scalar = dtype === 'float32' ? ('f32' as const) : ('i32' as const)
    const last = axes.length - 1
    const inFours = itemAt(axes, last).size % 4 === 0
    const sizes = axes.map(({ size }, axis) => (inFours && axis === last ? size / 4 : size))
    const total = axes.reduce((product, { count }, axis) => product * itemAt(sizes, axis) * count, 1)
    const type = inFours ? (`vec4<${scalar}>` as const) : scalar
    runEach(gpu, {
      label: 'Tile',
      variant: `of ${axes.map(({ count }) => (count === 1 ? 'one' : 'many')).join(', ')}`,
      reads: { x: [x, type] },
      writes: { y: [y, type] },
      size: total,
      uniforms: {
        ...Object.fromEntries(sizes.map((size, axis) => [`size${axis}`, size])),
        ...Object.fromEntries(axes.map(({ count }, axis) => [`tiled${axis}`, count * itemAt(sizes, axis)])),
      },
      each: () => /* wgsl */ `
  var rest = index;
  var place = 0;
  var step = 1;
  ${axes
    .map(({ count }, axis) => {
      // Integers are divided slowly: once an axis, and once more where it is repeated. The first axis is what is left.
      const first = axis === 0
      const coordinate = first ? 'rest' : `(rest - rest / uniforms.tiled${axis} * uniforms.tiled${axis})`
      const inside = count === 1 ? coordinate : `${coordinate} % uniforms.size${axis}`
      return `
  place += ${inside} * step;${
    first
      ? ''
      : `
  step *= uniforms.size${axis};
  rest /= uniforms.tiled${axis};`
  }`
    })
    .reverse()
    .join('')}
  y[index] = x[place];`,
    })
    return y
  },
)

/** An axis of `size` elements, repeated `count` times. */
interface Repeated {
  readonly size: number
  readonly count: number
}

/** Neighbouring axes as one where they are repeated as one: none of them, or single elements. */
function joinedAxes(shape: readonly number[], reps: readonly number[]): Repeated[] {
  const axes: Repeated[] = []
  for (const [axis, size] of shape.entries()) {
    const count = itemAt(reps, axis)
    if (size === 1 && count === 1) continue
    const last = axes.at(-1)
    const joins = last !== undefined && ((last.count === 1 && count === 1) || (last.size === 1 && size === 1))
    if (joins) axes[axes.length - 1] = { size: last.size * size, count: last.count * count }
    else axes.push({ size, count })
  }
  return axes.length > 0 ? axes : [{ size: 1, count: 1 }]
}
