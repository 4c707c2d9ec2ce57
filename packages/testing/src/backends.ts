import { itemAt } from '@ddnet/ops/checks'
import { engine, findBackend, getBackend, type KernelBackend, setBackend } from '@tensorflow/tfjs-core'
import { afterAll, beforeAll, describe, expect } from 'vitest'
import { testDevice } from './device.ts'
import { lintShaders, type ShaderLint } from './shader-lint.ts'

/** Starts each backend; 'cpu' is tfjs's plain JavaScript one, a reference to compare with. */
const starters: Record<string, () => Promise<unknown>> = {
  cpu: async () => {
    await import('@tensorflow/tfjs-backend-cpu')
    await setBackend('cpu')
  },
  wasm: async () => (await import('@ddnet/backend-wasm')).wasm(),
  webgpu: async () => {
    await (await import('@ddnet/backend-webgpu')).webgpu()
    await lintOf(engine().backend)
  },
  tensorflow: async () => (await import('@ddnet/backend-node')).tensorflow({ device: testDevice() }),
}

export type BackendName = 'cpu' | 'wasm' | 'webgpu' | 'tensorflow'
export const allBackends: readonly BackendName[] = ['cpu', 'wasm', 'webgpu', 'tensorflow']

/** Why a backend cannot run here, set by the global set-up; undefined where it can. */
export const missing = (backend: BackendName): string | undefined =>
  process.env[`DDNET_TEST_MISSING_${backend.toUpperCase()}`]

/** Makes `backend` the one that operators run on, starting it on first use in this process. */
export async function useBackend(backend: BackendName): Promise<void> {
  // A test may have disposed it.
  if (findBackend(backend) !== null) await setBackend(backend)
  else await starters[backend]?.()
  if (getBackend() !== backend) throw new Error(`expected to run on ${backend}, got ${getBackend()}`)
}

const chosen = (): string[] | undefined => process.env['DDNET_TEST_BACKENDS']?.split(',')

/** Those of `backends` that run here and were not left out by `DDNET_TEST_BACKENDS`. */
export const present = (backends: readonly BackendName[]): BackendName[] =>
  backends.filter((backend) => missing(backend) === undefined && chosen()?.includes(backend) !== false)

/**
 * Runs a block of tests on every backend that this machine has; the others are skipped with the reason in their name.
 * `DDNET_TEST_BACKENDS=wasm,webgpu` narrows the choice while working on one.
 */
export function describeBackends(name: string, block: (backend: BackendName) => void, backends = allBackends): void {
  for (const backend of backends) {
    if (chosen()?.includes(backend) === false) continue
    const reason = missing(backend)
    if (reason === undefined) {
      describe(`${name} on ${backend}`, () => {
        beforeAll(() => useBackend(backend))
        block(backend)
        if (backend === 'webgpu') afterAll(expectPortableShaders)
      })
    } else describe.skip(`${name} on ${backend} (${reason})`, () => block(backend))
  }
  // A file without a suite counts as failed.
  if (backends.every((backend) => chosen()?.includes(backend) === false)) {
    describe.skip(`${name} (on ${backends.join(', ')} alone)`, () => block(itemAt(backends, 0)))
  }
}

const lints = new WeakMap<KernelBackend, Promise<ShaderLint>>()

/** The lint of everything that a WebGPU backend compiles, from when it is asked for first. */
function lintOf(backend: KernelBackend): Promise<ShaderLint> {
  const lint = lints.get(backend) ?? lintShaders((backend as unknown as { device: GPUDevice }).device)
  lints.set(backend, lint)
  return lint
}

/** Fails for shaders that need more than every device with WebGPU has. */
async function expectPortableShaders(): Promise<void> {
  const lint = lints.get(engine().backend)
  expect((await (await lint)?.findings()) ?? [], 'shaders that the null device refuses').toEqual([])
}
