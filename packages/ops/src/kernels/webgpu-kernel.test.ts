import { describeBackends, tuple } from '@ddnet/testing'
import { cast, engine, env, greater, reshape, type Tensor, tensor, tidy, zeros } from '@tensorflow/tfjs-core'
import { describe, expect, test } from 'vitest'
import { addBias } from '../convolution/bias.ts'
import { webgpuKernel } from './webgpu-kernel.ts'

interface Backend {
  readonly pipelineCache: Record<string, unknown>
  numDataIds(): number
  checkCompileCompletionAsync(): Promise<void>
}

/** Twice and three times x in one dispatch, with the workgroup that wrote each value. */
const multiples = webgpuKernel<{ x: Tensor }, { label?: string }>(
  'multiples',
  ({ x }, { label = 'multiples' }, gpu) => {
    const [twice, thrice, workgroup] = [gpu.output(x.shape), gpu.scratch(x.shape), gpu.output(x.shape, 'int32')]
    gpu.run({
      label,
      reads: { x: [x, 'f32'] },
      writes: { twice: [twice, 'f32'], thrice: [thrice, 'f32'], workgroups: [workgroup, 'i32'] },
      uniforms: { size: x.size, two: 2 },
      floats: { three: 3 },
      workgroupSize: 1,
      workgroups: x.size,
      code: () => /* wgsl */ `
fn run(workgroup : i32, local : i32) {
  twice[workgroup] = f32(uniforms.two) * x[workgroup];
  thrice[workgroup] = uniforms.three * x[workgroup];
  workgroups[workgroup] = workgroup;
}`,
    })
    const sum = gpu.output(x.shape)
    gpu.run({
      label: `${label} sum`,
      reads: { twice: [twice, 'f32'], thrice: [thrice, 'f32'] },
      writes: { sum: [sum, 'f32'] },
      uniforms: {},
      workgroupSize: 1,
      workgroups: x.size,
      code: () => /* wgsl */ `
fn run(workgroup : i32, local : i32) { sum[workgroup] = twice[workgroup] + thrice[workgroup]; }`,
    })
    return [twice, sum, workgroup]
  },
)

describeBackends('own programs', () => {
  const backend = (): Backend => engine().backend as unknown as Backend
  const run = (x: Tensor, label?: string): Tensor[] =>
    (multiples.kernelFunc({ inputs: { x }, attrs: { label } as never, backend: engine().backend }) as Tensor[]).map(
      (each) => engine().makeTensorFromTensorInfo(each),
    )
  const valuesOf = async (tensors: Tensor[]): Promise<number[][]> => {
    const values = await Promise.all(tensors.map(async (each) => [...(await each.data())]))
    for (const each of tensors) each.dispose()
    return values
  }

  test('have several outputs, integers and numbers, and free their scratch', async () => {
    const x = tensor([1, 2, 4])
    await valuesOf(run(x))
    const before = backend().numDataIds()
    expect(await valuesOf(run(x))).toEqual([
      [2, 4, 8],
      [5, 10, 20],
      [0, 1, 2],
    ])
    expect(backend().numDataIds()).toBe(before)
    x.dispose()
  })

  test('run in more workgroups than a dimension holds', async () => {
    const x = zeros([70_001])
    const [, , workgroups] = tuple(await valuesOf(run(x)), 3)
    expect(workgroups.findIndex((workgroup, index) => workgroup !== index)).toBe(-1)
    expect(workgroups.length).toBe(70_001)
    x.dispose()
  })

  test('read floats that tfjs stores as integers', async () => {
    const x = tidy(() => cast(greater(tensor([1, -1, 3]), 0), 'float32'))
    expect((await valuesOf(run(x)))[0]).toEqual([2, 0, 2])
    x.dispose()
  })

  test('dispatch nothing for an empty tensor', async () => {
    const x = zeros([0, 3])
    expect(await valuesOf(run(x))).toEqual([[], [], []])
    x.dispose()
  })

  test('compile ahead of use where tfjs only compiles', async () => {
    const x = tensor([1])
    env().set('WEBGPU_ENGINE_COMPILE_ONLY', true)
    for (const each of run(x, 'ahead')) each.dispose()
    env().set('WEBGPU_ENGINE_COMPILE_ONLY', false)
    expect(() => run(x, 'ahead')).toThrow('the pipeline of ahead is still being compiled')
    await backend().checkCompileCompletionAsync()
    expect((await valuesOf(run(x, 'ahead')))[0]).toEqual([2])
    x.dispose()
  })

  describe('a bias', () => {
    test.each([3, 8])('of %i channels, with ReLU and without', async (channels) => {
      const x = tidy(() => reshape(tensor(Array.from({ length: 2 * channels }, (_, i) => i - 4)), [2, 1, channels]))
      const bias = tensor(Array.from({ length: channels }, (_, i) => -i))
      const expected = Array.from({ length: 2 * channels }, (_, i) => i - 4 - (i % channels))
      const [linear, relu] = await valuesOf([addBias(x, bias as never), addBias(x, bias as never, 'relu')])
      expect(linear).toEqual(expected)
      expect(relu).toEqual(expected.map((value) => Math.max(value, 0)))
      x.dispose()
      bias.dispose()
    })
  })
}, ['webgpu'])
