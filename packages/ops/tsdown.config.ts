import base from '../../tsdown.base.ts'

export default {
  ...base,
  entry: ['src/checks.ts', 'src/index.ts', 'src/kernels.ts', 'src/testing.ts', 'src/wasm.ts', 'src/webgpu.ts'],
  // A module each, so that a bundler drops the operators that an app does not import.
  unbundle: true,
}
