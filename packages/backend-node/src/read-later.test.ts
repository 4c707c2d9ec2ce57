import { tensor } from '@ddnet/ops'
import { describeBackends } from '@ddnet/testing'
import { findBackend } from '@tensorflow/tfjs-core'
import { expect, test, vi } from 'vitest'
import { readLater } from './read-later.ts'

describeBackends('reading later', () => {
  test('gives the values of a tensor that was disposed of meanwhile, and then frees them', async () => {
    const backend = findBackend('tensorflow')
    const { read } = backend
    const readSync = vi.spyOn(backend, 'readSync')
    try {
      readLater(backend)
      const before = backend.numDataIds()
      const x = tensor([1, 2])
      const values = x.data()
      x.dispose()
      await new Promise((resolve) => setImmediate(resolve))
      expect(readSync).not.toHaveBeenCalled()
      expect([...(await values)]).toEqual([1, 2])
      expect(backend.numDataIds()).toBe(before)
    } finally {
      readSync.mockRestore()
      backend.read = read
    }
  })
}, ['tensorflow'])
