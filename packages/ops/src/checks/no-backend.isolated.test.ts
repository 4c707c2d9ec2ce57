import * as ops from '@ddnet/ops'
import { engine, KernelBackend, registerBackend, removeBackend, setBackend } from '@tensorflow/tfjs-core'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'

const told = /: no backend is started\. Start one first: await wasm\(\) of '@ddnet\/backend-wasm', await webgpu\(\)/

// Another file may have started one in this process: it is put aside, and back.
let aside = {}
beforeAll(() => {
  const { backendName, backendInstance } = engine() as unknown as Record<string, unknown> // the instance is private
  aside = { backendName, backendInstance }
  Object.assign(engine(), { backendName: null, backendInstance: null })
})
afterAll(() => Object.assign(engine(), aside))

const makers: Record<string, () => unknown> = {
  tensor: () => ops.tensor([1]),
  zeros: () => ops.zeros([2]),
  ones: () => ops.ones([2]),
  scalar: () => ops.scalar(1),
  'add of numbers': () => ops.add(1, 2),
  'relu of a list': () => ops.relu([1, -1]),
  eye: () => ops.eye(2),
  oneHot: () => ops.oneHot([1], 2),
  fromHost: () => ops.fromHost({ dtype: 'float32', shape: [1], data: Float32Array.of(1) }),
  'random.normal': () => ops.random.normal(ops.random.key(1), [2]),
  'random.integers': () => ops.random.integers(ops.random.key(1), [2], 0, 9),
}

test.each(Object.entries(makers))('%s before a backend is started names what starts one', (_, make) => {
  expect(make).toThrow(told)
  expect(make).toThrow(ops.BackendUnavailable)
})

test('a backend that somebody registered is not started by itself', () => {
  const start = vi.fn(() => {
    throw new Error('started')
  })
  registerBackend('stray', start)
  for (const make of Object.values(makers)) expect(make).toThrow(told)
  expect(start).not.toHaveBeenCalled()
  removeBackend('stray')
})

test('while one starts, it is to be awaited', async () => {
  let ready = (_: KernelBackend) => {}
  const starting = new Promise<KernelBackend>((resolve) => {
    ready = resolve
  })
  registerBackend('slow', () => starting)
  const started = setBackend('slow')
  expect(() => ops.tensor([1])).toThrow('tensor: the backend slow is still starting. Await it: await slow().')
  ready(new DataStorageBackend())
  await started
  removeBackend('slow')
  expect(() => ops.tensor([1])).toThrow(told)
})

class DataStorageBackend extends KernelBackend {
  override dispose(): void {}
}
