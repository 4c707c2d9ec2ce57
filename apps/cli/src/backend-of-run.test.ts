import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { BackendUnavailable } from '@ddnet/ops'
import { expect, onTestFinished, test } from 'vitest'
import { backendOfRun } from './backend-of-run.ts'
import type { BackendStarters } from './backend-starters.ts'
import { resolveConfig } from './config/resolve.ts'
import { readSettings } from './config/settings.ts'

const backend = (name: string, device: string) => ({ name, device, dispose: () => {} })
const everything: BackendStarters = {
  tensorflow: async (device) => backend('tensorflow', device),
  webgpu: async () => backend('webgpu', 'gpu'),
  wasm: async () => backend('wasm', 'WebAssembly'),
  open: () => ({
    describe: async () => ({ title: 'WebGPU on gpu', device: 'gpu', accelerated: true, versions: {} }),
    convolutionGflops: async () => 1,
    trainingStep: async () => 1,
    step: async () => 1,
    forward: async () => 1,
    profile: () => Promise.reject(new Error('not asked here')),
    peakMemory: async () => 1,
    end: () => {},
  }),
  tensorflowBuild: async () => 'TensorFlow',
  hasGraphicsDevice: () => true,
  hasNvidiaDevice: () => true,
  wasmThreads: 1,
}
const { config } = resolveConfig([], 'short', readSettings())
const trial = { config, version: '1.0.0', io: { stderr: { write: () => {} }, env: {} } }

async function titleFor(environment: string, start = everything): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'ddnet-environment-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const path = join(folder, 'environment.json')
  await writeFile(path, environment)
  const { title, reason } = await backendOfRun(path, trial, start)
  return `${title} (${reason})`
}

test('is the one that trained last', async () => {
  const began = { backend: { name: 'wasm', device: 'WebAssembly' } }
  expect(await titleFor(JSON.stringify(began))).toBe('WebAssembly (the run was trained on it)')
  const resumed = [
    { backend: { name: 'webgpu', device: 'gpu' } },
    { backend: { name: 'tensorflow', device: 'cuda:1' } },
  ]
  expect(await titleFor(JSON.stringify({ ...began, resumed }))).toBe('TensorFlow on cuda:1 (the run was trained on it)')
})

test('is the best there is where that one is not here, and says so', async () => {
  const start = {
    ...everything,
    tensorflow: () => Promise.reject(new BackendUnavailable('tensorflow: no addon. Get it.')),
  }
  const environment = JSON.stringify({ backend: { name: 'tensorflow', device: 'cpu' } })
  expect(await titleFor(environment, start)).toBe(
    'WebGPU on gpu (the run was trained on cpu, which is not here; auto: it has a GPU; no CUDA: no addon)',
  )
})

test('a damaged record is no obstacle', async () => {
  expect(await titleFor('{"backend"')).toContain('auto: ')
})
