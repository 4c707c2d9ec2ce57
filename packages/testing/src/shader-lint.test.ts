import { expect, test } from 'vitest'
import { openNullDevice } from './null-device.ts'
import { lintShaders } from './shader-lint.ts'

const buffers = (count: number): string =>
  Array.from(
    { length: count },
    (_, at) => `@group(0) @binding(${at}) var<storage, read_write> b${at} : array<f32>;`,
  ).join('\n')
const sum = (count: number): string => Array.from({ length: count - 1 }, (_, at) => `b${at + 1}[0]`).join(' + ')

test.each([
  ['of 256 invocations, 16 KiB and 8 buffers', 256, 4096, 8, undefined],
  ['of 257 invocations', 257, 1, 2, /too big: .*257/],
  ['with more than 16 KiB of workgroup memory', 64, 4097, 2, /too big: .*workgroup storage.*16384/],
  ['with 9 buffers', 64, 1, 9, /too big: .*9/],
])('a shader %s', async (_, size, floats, count, finding) => {
  const device = await openNullDevice()
  const lint = await lintShaders(device)
  device.pushErrorScope('validation') // the device itself has the same limits here
  const code = `
${buffers(count)}
var<workgroup> shared_values : array<f32, ${floats}>;
@compute @workgroup_size(${size}) fn start() { shared_values[0] = ${sum(count)}; b0[0] = shared_values[0]; }`
  device.createComputePipeline({
    label: 'too big',
    layout: 'auto',
    compute: { module: device.createShaderModule({ code }), entryPoint: 'start' },
  })
  await device.popErrorScope()
  if (finding === undefined) expect(await lint.findings()).toEqual([])
  else expect(await lint.findings()).toEqual([expect.stringMatching(finding)])
})

test('a shader that is not WGSL', async () => {
  const device = await openNullDevice()
  const lint = await lintShaders(device)
  device.pushErrorScope('validation')
  const module = device.createShaderModule({ code: 'nonsense' })
  device.createComputePipeline({ label: 'conv2d', layout: 'auto', compute: { module } })
  await device.popErrorScope()
  expect(await lint.findings()).toEqual([expect.stringMatching(/^conv2d: .*nonsense/s)])
})
