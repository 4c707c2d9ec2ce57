import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { describeBackends } from '@ddnet/testing'
import { expect, test } from 'vitest'
import { reportGpus } from '../scripts/gpu-report.mjs'
import { root } from '../scripts/pnpm.mjs'

const noCuda = {
  available: false,
  reason: 'TensorFlow 2.21.0 of this addon is built for the CPU only.',
  fix: 'ddnet backend install tensorflow --cuda',
}
const software = { available: true, accelerated: false, device: 'google swiftshader (software)', versions: {} }
const h100 = { name: 'NVIDIA H100 80GB HBM3', memoryBytes: 85_520_809_984, driver: '550.54.15' }
const versions = { tensorflow: '2.21.0', cuda: '12.5.82', cudnn: '9.3.0.75' }
const cuda = { available: true, accelerated: true, device: 'cuda:0', versions }
const adapter = { available: true, accelerated: true, device: 'acme a100 driver 1.2', versions: {} }

const examined = {
  suites: { passed: 1200, failed: 0, skipped: 3 },
  conformance: { passed: 3710, failedAsExpected: 515, unexpected: 0 },
  steps: [{ batch: 32, ddnet: 4, pytorch: 2, ratio: 2, against: 'PyTorch 2.5.0, cuda' }],
}

/** Reports on a machine with these backends; what was said, examined and written. */
async function reported(
  backends: object,
  { gpus = [] as object[], result = examined, noTorch = undefined as string | undefined } = {},
) {
  const said: string[] = []
  const asked: string[] = []
  const written: Record<string, object> = {}
  const code = await reportGpus(
    { backends, machine: { gpus } },
    {
      pytorch: async () => (noTorch === undefined ? {} : { missing: noTorch }),
      examine: async (kind) => {
        asked.push(kind)
        return result
      },
      write: async (name, report) => {
        written[name] = report
        return `benchmarks/results/${name}`
      },
      circumstances: () => ({ commit: 'abc1234' }),
      say: (line) => said.push(line),
    },
  )
  return { code, said, asked, written }
}

test('a machine without a GPU is told what it lacks, and nothing is examined or written', async () => {
  expect(await reported({ cuda: noCuda, webgpu: software })).toEqual({
    code: 4,
    said: [
      'CUDA: TensorFlow 2.21.0 of this addon is built for the CPU only. Run: ddnet backend install tensorflow --cuda',
      'WebGPU: its only adapter computes on the CPU: google swiftshader (software)',
      'There is no GPU to report on: nothing was written.',
    ],
    asked: [],
    written: {},
  })
})

test('a GPU is written about with its driver, the versions, the totals and the ratios', async () => {
  const { code, written } = await reported({ cuda, webgpu: software }, { gpus: [h100] })
  expect(code).toBe(0)
  expect(written).toEqual({
    'cuda-nvidia-h100-80gb-hbm3.json': { commit: 'abc1234', device: { ...h100, ...versions }, ...examined },
  })
})

test('WebGPU on a GPU is written about with its adapter', async () => {
  const { written } = await reported({ cuda: noCuda, webgpu: adapter })
  expect(written).toEqual({
    'webgpu-acme-a100-driver-1-2.json': { commit: 'abc1234', device: { name: adapter.device }, ...examined },
  })
})

test('of different GPUs it is not known which one CUDA counts first', async () => {
  const { written } = await reported({ cuda, webgpu: software }, { gpus: [h100, { ...h100, name: 'NVIDIA T400' }] })
  expect(Object.keys(written)).toEqual(['cuda-cuda-0.json'])
})

test.each([
  ['a test fails', { ...examined, suites: { passed: 1199, failed: 1, skipped: 3 } }, '1199 tests passed, 1 failed'],
  ['no test ran', { ...examined, suites: { passed: 0, failed: 0, skipped: 9 } }, '0 tests passed, 0 failed'],
  [
    'conformance tests fail',
    { ...examined, conformance: { passed: 1, failedAsExpected: 1, unexpected: 2 } },
    '2 of the conformance tests fail that pass elsewhere',
  ],
])('where %s no report is written', async (_, result, message) => {
  const { code, said, written } = await reported({ cuda, webgpu: software }, { gpus: [h100], result })
  expect([code, written]).toEqual([1, {}])
  expect(said.join('\n')).toContain(message)
})

test('without a PyTorch to compare with nothing is written', async () => {
  const { code, said, asked } = await reported({ cuda, webgpu: software }, { gpus: [h100], noTorch: 'no torch' })
  expect([code, asked]).toEqual([4, []])
  expect(said[0]).toBe('CUDA: no torch')
})

describeBackends(
  'the step that is timed',
  (backend) => {
    test('runs, here without a GPU', () => {
      const device = backend === 'tensorflow' ? 'cpu' : backend
      const words = [join(root, 'benchmarks/gpu/step.mjs'), device, '1']
      const answers = execFileSync(process.execPath, words, { input: '1\n', encoding: 'utf8' })
      const [, times] = answers.split('\n', 2).map((line) => JSON.parse(line))
      expect(times).toEqual([[expect.any(Number), expect.any(Number)]])
    })
  },
  ['tensorflow', 'webgpu'],
)
