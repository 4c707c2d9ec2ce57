import type { KernelConfig, Tensor } from '@tensorflow/tfjs-core'
import { webgpuKernel } from '../engine/webgpu-kernel.ts'
import { workgroupSize } from '../engine/webgpu-lanes.ts'

/**
 * Sine and cosine to some 1e-7 for |x| up to 8192. WGSL's own may err by 2⁻¹¹, and on SwiftShader they do by 1.5e-4.
 * @see Moshier's Cephes, sinf.c: reduction by π/2 in three parts, and the polynomials
 */
export const sineWebgpu: KernelConfig = sine('Sin', 0)
export const cosineWebgpu: KernelConfig = sine('Cos', 1)

function sine(kernelName: string, quadrantsAhead: number): KernelConfig {
  return webgpuKernel<{ x: Tensor }, unknown>(kernelName, ({ x }, _, gpu) => {
    const y = gpu.output(x.shape)
    const inFours = x.size % 4 === 0
    const float = inFours ? 'vec4<f32>' : 'f32'
    const int = inFours ? 'vec4<i32>' : 'i32'
    const size = inFours ? x.size / 4 : x.size
    gpu.run({
      label: kernelName,
      reads: { x: [x, float] },
      writes: { y: [y, float] },
      uniforms: { size },
      workgroupSize,
      workgroups: Math.ceil(size / workgroupSize),
      code: () => /* wgsl */ `
fn run(workgroup : i32, local : i32) {
  let index = workgroup * ${workgroupSize} + local;
  if (index >= uniforms.size) { return; }
  let value = x[index];
  let turns = round(value * 0.63661977236758);
  // What is left in [-π/4, π/4]; the first two parts of π/2 have few bits, so their multiples are exact.
  let r = ((value - turns * 1.5703125) - turns * 4.837512969970703e-4) - turns * 7.549789954891882e-8;
  let z = r * r;
  let s = ((-1.9515295891e-4 * z + 8.3321608736e-3) * z - 1.6666654611e-1) * z * r + r;
  let c = ((2.443315711809948e-5 * z - 1.388731625493765e-3) * z + 4.166664568298827e-2) * z * z - 0.5 * z + 1.0;
  let quadrant = ${int}(turns) + ${quadrantsAhead};
  let turned = select(s, c, (quadrant & ${int}(1)) == ${int}(1));
  y[index] = select(turned, -turned, (quadrant & ${int}(2)) == ${int}(2));
}`,
    })
    return y
  })
}
