import { expect, test } from 'vitest'
import { nvidiaGpus } from './nvidia.ts'

test('what nvidia-smi lists', async () => {
  const listed = 'NVIDIA H100 80GB HBM3, 81559, 550.54.15\nNVIDIA T400, 2048, 550.54.15\n'
  expect(await nvidiaGpus(async () => listed)).toEqual([
    { name: 'NVIDIA H100 80GB HBM3', memoryBytes: 81559 * 2 ** 20, driver: '550.54.15' },
    { name: 'NVIDIA T400', memoryBytes: 2 ** 31, driver: '550.54.15' },
  ])
})

test('where nvidia-smi is missing or fails there are none', async () => {
  expect(await nvidiaGpus(() => Promise.reject(new Error('ENOENT')))).toEqual([])
})
