import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { loadedCudaVersions } from './cuda-libraries.ts'

/** A line of /proc/self/maps for each path. */
const mapped = (...paths: string[]): string =>
  paths.map((path) => `7f10c2a00000-7f10c2a28000 r--p 00000000 08:01 1048 ${' '.repeat(20)}${path}\n`).join('')

test('versions in the files’ names are those of a system’s CUDA', () => {
  const maps = mapped(
    '/usr/lib/x86_64-linux-gnu/libcudnn_ops.so.9.8.0',
    '/usr/lib/x86_64-linux-gnu/libcudnn.so.9.1.0',
    '/usr/local/cuda-12.4/targets/x86_64-linux/lib/libcudart.so.12.4.127',
    '[heap]',
  )
  expect(loadedCudaVersions(maps)).toEqual({ cuda: '12.4.127', cudnn: '9.1.0' })
})

test.each([
  ['CUDA 12', 'cuda_runtime/lib/libcudart.so.12', ['nvidia_cuda_runtime_cu12-12.5.82', 'nvidia_cudnn_cu12-9.3.0.75']],
  ['CUDA 13', 'cu13/lib/libcudart.so.13', ['nvidia_cuda_runtime-12.5.82', 'nvidia_cudnn_cu13-9.3.0.75']],
])('of Python’s wheels for %s, the wheels’ own versions', (_, cudart, wheels) => {
  const packages = mkdtempSync(join(tmpdir(), 'ddnet-site packages-'))
  onTestFinished(() => rmSync(packages, { recursive: true }))
  for (const wheel of [...wheels, 'nvidia_cuda_nvrtc_cu12-1.2']) mkdirSync(join(packages, `${wheel}.dist-info`))
  const maps = mapped(join(packages, 'nvidia/cudnn/lib/libcudnn.so.9'), join(packages, 'nvidia', cudart))
  expect(loadedCudaVersions(maps)).toEqual({ cuda: '12.5.82', cudnn: '9.3.0.75' })
})

test('where nothing else tells it is the major version', () => {
  expect(loadedCudaVersions(mapped('/opt/lib/libcudart.so.12'))).toEqual({ cuda: '12' })
})

test('a process without CUDA has none', () => {
  expect(loadedCudaVersions(mapped('/lib/libcudart_other.so.1.2', '/lib/libm.so.6'))).toEqual({})
})
