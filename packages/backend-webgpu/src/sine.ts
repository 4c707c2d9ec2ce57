import type { WebGPUBackend, WebGPUProgram } from '@tensorflow/tfjs-backend-webgpu'
import { type KernelFunc, type TensorInfo, util } from '@tensorflow/tfjs-core'

/**
 * Sine and cosine to some 1e-7 for |x| up to 8192. WGSL's own may err by 2⁻¹¹, and on SwiftShader they do by 1.5e-4.
 * @see Moshier's Cephes, sinf.c: reduction by π/2 in three parts, and the polynomials
 */
export const sine = (kind: 'sin' | 'cos'): KernelFunc => {
  return ({ inputs, backend }) => {
    const { x } = inputs as { x: TensorInfo }
    const size = util.sizeFromShape(x.shape)
    const { dataId } = (backend as WebGPUBackend).runWebGPUProgram(
      program(kind, size),
      [{ ...x, shape: [size] }],
      'float32',
    )
    return { dataId, dtype: 'float32', shape: x.shape }
  }
}

const workgroupSize = 64
const mostWorkgroups = 65_535 // in one dimension

function program(kind: 'sin' | 'cos', size: number): WebGPUProgram {
  const components = size % 4 === 0 ? 4 : 1
  const workgroups = Math.ceil(size / components / workgroupSize)
  return {
    variableNames: ['x'],
    variableComponents: [components],
    outputComponent: components,
    outputShape: [size],
    workgroupSize: [workgroupSize, 1, 1],
    dispatchLayout: { x: [0] },
    dispatch: [Math.min(workgroups, mostWorkgroups), Math.ceil(workgroups / mostWorkgroups), 1],
    shaderKey: `sine_${kind}_${components}`,
    getUserCode: () => (components === 4 ? shader(kind, 'vec4<f32>', 'vec4<i32>', 4) : shader(kind, 'f32', 'i32', 1)),
  }
}

/** What was cast to float32 may still be a buffer of integers. */
const shader = (kind: 'sin' | 'cos', float: string, int: string, components: number): string => /* wgsl */ `
  fn main(index : i32) {
    if (index >= uniforms.outShape / ${components}) { return; }
    let value = ${float}(x[index]);
    let turns = round(value * 0.63661977236758);
    // What is left in [-π/4, π/4]; the first two parts of π/2 have few bits, so their multiples are exact.
    let r = ((value - turns * 1.5703125) - turns * 4.837512969970703e-4) - turns * 7.549789954891882e-8;
    let z = r * r;
    let s = ((-1.9515295891e-4 * z + 8.3321608736e-3) * z - 1.6666654611e-1) * z * r + r;
    let c = ((2.443315711809948e-5 * z - 1.388731625493765e-3) * z + 4.166664568298827e-2) * z * z - 0.5 * z + 1.0;
    let quadrant = ${int}(turns)${kind === 'cos' ? ' + 1' : ''};
    let turned = select(s, c, (quadrant & ${int}(1)) == ${int}(1));
    result[index] = select(turned, -turned, (quadrant & ${int}(2)) == ${int}(2));
  }
`
