import { tmpdir } from 'node:os'
import { matMul, memory, tensor } from '@ddnet/ops'
import { describeBackends, testDevice, useBackend } from '@ddnet/testing'
import {
  findBackend,
  getBackend,
  getGradient,
  getKernel,
  KernelBackend,
  registerBackend,
  removeBackend,
} from '@tensorflow/tfjs-core'
import { afterAll, expect, test, vi } from 'vitest'
import { missingForCuda } from './computing-device.ts'
import { tensorflow } from './index.ts'
import { cpuKernels, kernels } from './kernels/index.ts'
import type { NodeJSKernelBackend } from './vendor/tfjs-node.mjs'

const onGpu = testDevice() !== 'cpu'

describeBackends('TensorFlow', () => {
  // The worker's other files go on with the backend.
  afterAll(async () => {
    await tensorflow({ device: testDevice() })
  })

  test('says what it is', async () => {
    const backend = await tensorflow({ device: testDevice() })
    expect(backend).toMatchObject({
      name: 'tensorflow',
      device: testDevice(),
      addon: process.env['DDNET_TENSORFLOW_ADDON'],
    })
    expect(backend.version).toMatch(/^2\.\d+\.\d+$/)
    expect(getBackend()).toBe('tensorflow')
  })

  test('multiplies matrices', () => {
    const product = matMul(tensor([1, 2, 3, 4], [2, 2]), tensor([5, 6, 7, 8], [2, 2]))
    expect([...product.dataSync()]).toEqual([19, 22, 43, 50])
  })

  test('loads no gradients of tfjs', () => {
    // The tfjs union would have registered one for each of its kernels; this one has none of ours.
    expect(getGradient('Conv2D')).toBeUndefined()
    expect(getGradient('Acosh')).toBeUndefined()
  })

  test('serves operators by its own kernels', () => {
    // On a CPU its own come last.
    const ofDevice = onGpu ? [] : cpuKernels
    const served = new Map([...kernels, ...ofDevice].map((kernel) => [kernel.kernelName, kernel]))
    for (const [kernelName, kernel] of served) expect(getKernel(kernelName, 'tensorflow')).toBe(kernel)
  })

  test("keeps to the TensorFlow that is there, and its tensors, when it's started again", async () => {
    const x = tensor([1, 2, 3])
    const warn = vi.spyOn(console, 'warn')
    await tensorflow({ device: 'auto' })
    expect([...x.dataSync()]).toEqual([1, 2, 3])
    expect(warn).not.toHaveBeenCalled()
    x.dispose()
  })

  test('frees its tensors when it is disposed, and starts again', async () => {
    const backend = await tensorflow({ device: testDevice() })
    const before = memory().numTensors
    tensor([1, 2, 3]).dispose()
    expect(memory().numTensors).toBe(before)
    backend.dispose()
    expect(findBackend('tensorflow')).toBeNull()
    await tensorflow({ device: testDevice() })
    expect([...tensor([4, 5]).dataSync()]).toEqual([4, 5])
  })

  test.skipIf(onGpu)(
    `CUDA that is missing is an error that names what is missing, and changes nothing${onGpu ? ' (it is here)' : ''}`,
    async () => {
      await useBackend('cpu')
      await expect(tensorflow({ device: 'cuda:0' })).rejects.toThrow(
        /^tensorflow: .*(no NVIDIA driver|built for the CPU only|loaded TensorFlow for another device)/,
      )
      expect(getBackend()).toBe('cpu')
      await useBackend('tensorflow')
      expect([...tensor([4, 5]).dataSync()]).toEqual([4, 5])
    },
  )

  test('a TensorFlow without CUDA is told from a machine without a driver', () => {
    const backend = findBackend('tensorflow') as NodeJSKernelBackend
    expect(missingForCuda(backend, '/no/such/driver')).toContain("no NVIDIA driver ('/no/such/driver' does not exist)")
    const present = tmpdir()
    expect(missingForCuda(backend, present)).toMatch(
      /^TensorFlow [\d.]+ (of this addon is built for the CPU only|found no such GPU among)/,
    )
  })

  test('another backend of its name is an error', async () => {
    removeBackend('tensorflow')
    registerBackend(
      'tensorflow',
      () =>
        new (class extends KernelBackend {
          override dispose() {}
        })(),
    )
    await expect(tensorflow()).rejects.toThrow(/another backend 'tensorflow' is registered/)
    removeBackend('tensorflow')
  })
}, ['tensorflow'])
