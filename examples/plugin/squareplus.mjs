import { add, defineOp, div, mul, sqrt, square, sum } from '@ddnet/ops'
import { registerOwnKernel, wasmKernel, webgpuKernel } from '@ddnet/ops/kernels'

const name = 'ddnet-example/squareplus'

const squareplusOp = defineOp(name, {
  inputs: ['x', 'b'],
  // The kernel of every backend that has none of that name.
  forward: ({ x, b }) => mul(0.5, add(x, sqrt(add(square(x), b)))),
  // Made of operators, so that they can be differentiated again.
  gradient: {
    x: (dy, { x, b }) => mul(dy, mul(0.5, add(1, div(x, sqrt(add(square(x), b)))))),
    b: (dy, { x, b }) => sum(mul(dy, div(0.25, sqrt(add(square(x), b))))),
  },
})

/**
 * A smooth rectifier without exponentials: `(x + √(x² + b)) / 2`, elementwise.
 *
 * @param {import('@ddnet/ops').Tensor} x any shape, float32
 * @param {import('@ddnet/ops').Tensor} b a scalar above 0: how smooth
 * @see Barron 2021, "Squareplus: a softplus-like algebraic rectifier"
 */
export const squareplus = (x, b) => squareplusOp({ x, b }, {})

/** Registers the kernels. Call it once a process, before the operator first runs on a backend. */
export function registerKernels() {
  for (const kernel of [squareplusWasm, squareplusWebgpu]) registerOwnKernel(kernel)
}

// In one pass over WebAssembly's memory.
const squareplusWasm = wasmKernel(name, ({ x, b }, _, heap) => {
  const y = heap.output(x.shape)
  const [from, to, [smoothness]] = [heap.floats(x), heap.floats(y), heap.floats(b)]
  for (let i = 0; i < from.length; i++) to[i] = (from[i] + Math.sqrt(from[i] ** 2 + smoothness)) / 2
  return y
})

// In one dispatch; `run` is called in each invocation.
const workgroupSize = 64
const squareplusWebgpu = webgpuKernel(name, ({ x, b }, _, gpu) => {
  const y = gpu.output(x.shape)
  gpu.run({
    label: name,
    reads: { x: [x, 'f32'], b: [b, 'f32'] },
    writes: { y: [y, 'f32'] },
    uniforms: { size: x.size },
    workgroupSize,
    workgroups: Math.ceil(x.size / workgroupSize),
    code: () => /* wgsl */ `
fn run(workgroup : i32, local : i32) {
  let index = workgroup * ${workgroupSize} + local;
  if (index < uniforms.size) { y[index] = 0.5 * (x[index] + sqrt(x[index] * x[index] + b[0])); }
}`,
  })
  return y
})
