/**
 * DDNet's training step and each operator on our WebGPU backend, in turns with tfjs-backend-webgpu as it is published, on
 * Dawn in Node: medians of milliseconds, ratios, and counts that are the same on any machine. On a machine without a GPU,
 * Dawn computes on SwiftShader, which ranks kernels differently from a GPU.
 *
 *     node benchmarks/webgpu/main.mjs [batch=8] [rounds=5] [only=TEXT] [out=FILE.json]
 *
 * The studio prints the same table for a browser.
 */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { loadSources } from '../wasm/load-sources.mjs'

// The driver is found through variables that a process must have been started with.
const { default: chooseDriver } = await loadSources('../../packages/testing/src/browser/global-setup.ts')
await chooseDriver()
const missing = process.env.DDNET_TEST_MISSING_WEBGPU
if (missing !== undefined) {
  console.error(`bench webgpu: ${missing}.`)
  process.exit(1)
}
const run = fileURLToPath(new URL('run.mjs', import.meta.url))
const { status } = spawnSync(process.execPath, [run, ...process.argv.slice(2)], { stdio: 'inherit' })
process.exit(status ?? 1)
