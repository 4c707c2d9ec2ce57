import base from '../../tsdown.base.ts'

export default {
  ...base,
  entry: ['checks', 'index', 'kernels', 'node', 'testing', 'wasm', 'webgpu'].map((name) => `src/${name}.ts`),
  // A module each, so that a bundler drops the operators that an app does not import.
  unbundle: true,
}
