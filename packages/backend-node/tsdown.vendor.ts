import { fileURLToPath } from 'node:url'
import { defineConfig } from 'tsdown'

const stub = (name: string) => fileURLToPath(new URL(`./src/vendor/${name}.mjs`, import.meta.url))

/**
 * Bundles tfjs-node's backend class and kernels, and copies the C++ sources of its addon: the package cannot be a
 * dependency, for installing it downloads TensorFlow 2.9.
 */
export default defineConfig({
  entry: { 'tfjs-node': 'src/vendor/entry.mjs' },
  outDir: 'src/vendor',
  clean: false,
  dts: false,
  format: 'esm',
  platform: 'node',
  logLevel: 'warn',
  copy: { from: 'node_modules/@tensorflow/tfjs-node-gpu/binding', to: '.' },
  alias: { '@tensorflow/tfjs': stub('tfjs'), util: stub('util'), './proto/api_pb': stub('api-pb') },
})
