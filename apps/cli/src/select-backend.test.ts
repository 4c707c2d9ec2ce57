import { BackendUnavailable } from '@ddnet/ops'
import { expect, test } from 'vitest'
import { type BackendStarters, firstSentence, selectBackend } from './select-backend.ts'

interface Machine {
  tensorflow?: 'cpu' | 'cuda:0'
  webgpu?: 'gpu' | 'software'
  graphicsDevice?: boolean
}

/** Starters of a machine that has the devices given; `started` notes every start and end. */
function machine({ tensorflow, webgpu, graphicsDevice = true }: Machine) {
  const log: string[] = []
  const backend = (name: string, device: string) => {
    log.push(name)
    return { name, device, dispose: () => void log.push(`${name} disposed`) }
  }
  const start: BackendStarters = {
    async tensorflow(device) {
      if (tensorflow === undefined) throw new BackendUnavailable('tensorflow: the addon is missing: not in /x. Run: y')
      if (device.startsWith('cuda') && tensorflow === 'cpu')
        throw new BackendUnavailable('tensorflow: no GPU. Buy one.')
      return { ...backend('tensorflow', device === 'cpu' ? 'cpu' : tensorflow), version: '2.21.0' }
    },
    async webgpu() {
      if (webgpu === undefined) throw new BackendUnavailable('webgpu: no WebGPU adapter was found. Install a driver.')
      return {
        ...backend('webgpu', webgpu === 'gpu' ? 'acme gpu' : 'SwiftShader (software)'),
        software: webgpu === 'software',
      }
    },
    wasm: async () => backend('wasm', 'WebAssembly with SIMD'),
    hasGraphicsDevice: () => graphicsDevice,
  }
  return { start, log }
}

test('auto takes CUDA before anything else', async () => {
  const { start, log } = machine({ tensorflow: 'cuda:0', webgpu: 'gpu' })
  const { title, accelerated, reason } = await selectBackend('auto', start)
  expect([title, accelerated, reason]).toEqual(['TensorFlow 2.21.0 on cuda:0', true, 'auto: it has a CUDA GPU'])
  expect(log).toEqual(['tensorflow'])
})

test('auto takes WebGPU on a GPU before TensorFlow on the CPU', async () => {
  const { title, accelerated } = await selectBackend('auto', machine({ tensorflow: 'cpu', webgpu: 'gpu' }).start)
  expect([title, accelerated]).toEqual(['WebGPU on acme gpu', true])
})

test('auto never takes WebGPU in software', async () => {
  const { start, log } = machine({ webgpu: 'software' })
  const { backend, reason, accelerated } = await selectBackend('auto', start)
  expect([backend.name, accelerated]).toEqual(['wasm', false])
  expect(reason).toBe(
    'auto: no TensorFlow: the addon is missing; no WebGPU: its only adapter is SwiftShader (software)',
  )
  expect(log).toEqual(['webgpu', 'webgpu disposed', 'wasm'])
})

test('auto takes TensorFlow on the CPU before WebAssembly, and makes it current again', async () => {
  const { start, log } = machine({ tensorflow: 'cpu', webgpu: 'software' })
  expect((await selectBackend('auto', start)).title).toBe('TensorFlow 2.21.0 on the CPU')
  expect(log.at(-1)).toBe('tensorflow')
})

test('auto ends at WebAssembly and says why', async () => {
  const { title, reason } = await selectBackend('auto', machine({}).start)
  expect(title).toBe('WebAssembly with SIMD')
  expect(reason).toBe('auto: no TensorFlow: the addon is missing; no WebGPU: no WebGPU adapter was found')
})

test('auto does not try WebGPU where no graphics device is', async () => {
  const { start, log } = machine({ webgpu: 'software', graphicsDevice: false })
  const { reason } = await selectBackend('auto', start)
  expect(reason).toBe('auto: no TensorFlow: the addon is missing; no WebGPU: this machine has no graphics device')
  expect(log).toEqual(['wasm'])
})

test('an explicit choice never falls back', async () => {
  const { start, log } = machine({ tensorflow: 'cpu' })
  await expect(selectBackend('cuda', start)).rejects.toThrow('tensorflow: no GPU')
  await expect(selectBackend('webgpu', start)).rejects.toThrow('no WebGPU adapter')
  expect(log).toEqual([])
})

test('an explicit choice may be software, and cpu is TensorFlow without its GPU', async () => {
  expect((await selectBackend('webgpu', machine({ webgpu: 'software' }).start)).accelerated).toBe(false)
  expect((await selectBackend('cpu', machine({ tensorflow: 'cuda:0' }).start)).title).toBe(
    'TensorFlow 2.21.0 on the CPU',
  )
})

test('an error that is no absence is not hidden', async () => {
  const { start } = machine({})
  const broken = { ...start, webgpu: () => Promise.reject(new Error('a bug')) }
  await expect(selectBackend('auto', broken)).rejects.toThrow('a bug')
})

test('the first sentence says what is missing', () => {
  expect(firstSentence('webgpu: no WebGPU adapter was found. Dawn needs …')).toBe('no WebGPU adapter was found')
  expect(firstSentence('tensorflow: TensorFlow’s addon a.node is missing: looked. Run: x')).toBe(
    'TensorFlow’s addon a.node is missing',
  )
})
