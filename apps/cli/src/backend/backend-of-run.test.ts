import { builtIn, resolveConfig, settingCatalog } from '@ddnet/experiment'
import { BackendUnavailable } from '@ddnet/ops'
import { expect, test } from 'vitest'
import { backendOfRun } from './backend-of-run.ts'
import type { BackendStarters } from './backend-starters.ts'

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
const { config } = resolveConfig([], 'short', settingCatalog(builtIn))
const trial = { config, version: '1.0.0', io: { stderr: { write: () => {} }, env: {} } }

async function titleFor(name: string, device: string, start = everything): Promise<string> {
  const { title, reason } = await backendOfRun({ name, device }, trial, start)
  return `${title} (${reason})`
}

test('is the one that the checkpoint was trained on', async () => {
  expect(await titleFor('wasm', 'WebAssembly')).toBe('WebAssembly (the run was trained on it)')
  expect(await titleFor('tensorflow', 'cuda:1')).toBe('TensorFlow on cuda:1 (the run was trained on it)')
})

test('is the best there is where that one is not here, and says so', async () => {
  const start = {
    ...everything,
    tensorflow: () => Promise.reject(new BackendUnavailable('tensorflow: no addon. Get it.')),
  }
  expect(await titleFor('tensorflow', 'cpu', start)).toBe(
    'WebGPU on gpu (the run was trained on cpu, which is not here; auto: it has a GPU; no CUDA: no addon)',
  )
})
