import { fileURLToPath } from 'node:url'
import { build, type Rollup } from 'vite'
import { expect, test } from 'vitest'

/** The minified code of an app whose only module is `code`; it stands in packages/ops, where tfjs-core is found. */
async function bundle(code: string): Promise<string> {
  const entry = fileURLToPath(new URL('../packages/ops/src/bundled-app.ts', import.meta.url))
  const output = await build({
    configFile: false,
    logLevel: 'error',
    plugins: [
      { name: 'entry', resolveId: (id) => (id === entry ? entry : null), load: (id) => (id === entry ? code : null) },
    ],
    build: { write: false, target: 'esnext', rollupOptions: { input: entry } },
  })
  const { output: files } = (Array.isArray(output) ? output[0] : output) as Rollup.RollupOutput
  return files.map((file) => (file.type === 'chunk' ? file.code : '')).join('')
}

test('conv2d and grad add less than 30 kB to the engine of tfjs-core', async () => {
  const engine = await bundle("import { engine } from '@tensorflow/tfjs-core'; globalThis.app = engine")
  const app = await bundle("import { conv2d, grad } from './index.ts'; globalThis.app = [conv2d, grad]")
  expect(engine.length).toBeGreaterThan(50_000)
  expect(app.length - engine.length).toBeGreaterThan(5_000)
  expect(app.length - engine.length).toBeLessThan(30_000)
})

test("no gradient of tfjs's own is in a bundle of all operators", async () => {
  // What tfjs's gradient of Conv2D says when it refuses.
  const refusal = 'Error in gradient of conv2D'
  const theirs =
    "import { conv2DGradConfig } from '@tensorflow/tfjs-core/dist/gradients/Conv2D_grad'; globalThis.app = conv2DGradConfig"
  expect(await bundle(theirs)).toContain(refusal)
  const ours = await bundle("import * as ops from './index.ts'; globalThis.app = ops")
  expect(ours).toContain('conv2dFilterGradient')
  expect(ours).not.toContain(refusal)
})
