import { describeBackends, itemAt, tuple } from '@ddnet/testing'
import { add, engine, type Tensor, tensor, tidy } from '@tensorflow/tfjs-core'
import { expect, test } from 'vitest'
import { webgpuKernel } from './webgpu-kernel.ts'

/** Adds 1 to tensors, as parts of one arena, into the parts of another. */
const increments = webgpuKernel<Record<string, Tensor>, object>('increments', (inputs, _, gpu) => {
  const tensors = Object.values(inputs)
  const { whole, parts } = gpu.arena(tensors.map(({ shape }) => shape))
  const old = gpu.arenaOf(tensors)
  const size = itemAt(whole.shape, 0)
  gpu.run({
    label: 'increments',
    reads: { old: [old, 'f32'] },
    writes: { next: [whole, 'f32'] },
    uniforms: { size },
    workgroupSize: 64,
    workgroups: Math.ceil(size / 64),
    code: () => /* wgsl */ `
fn run(workgroup : i32, local : i32) {
  let at = workgroup * 64 + local;
  if (at < uniforms.size) { next[at] = old[at] + 1.0; }
}`,
  })
  return parts
})

describeBackends('tensors of an arena', () => {
  const backend = () =>
    engine().backend as unknown as {
      readonly tensorMap: { get(id: object): { readonly resource?: GPUBuffer; readonly part?: object } }
      numDataIds(): number
    }
  const increment = (...tensors: Tensor[]): Tensor[] =>
    (
      increments.kernelFunc({
        inputs: Object.fromEntries(tensors.entries()),
        attrs: {},
        backend: engine().backend,
      }) as Tensor[]
    ).map((each) => engine().makeTensorFromTensorInfo(each))
  const isPart = ({ dataId }: Tensor): boolean => backend().tensorMap.get(dataId).part !== undefined
  const values = async (x: Tensor): Promise<number[]> => [...(await x.data())]

  test('are read, added and updated like any others, and free it with the last of them', async () => {
    const [a, b] = [tensor([1, 2, 3]), tensor([[10], [20]])]
    await a.data()
    const before = backend().numDataIds()
    const [c, d] = tuple(increment(a, b), 2)
    const [e, f] = tuple(increment(c, d), 2)
    const sum = tidy(() => add(c, e))
    expect(await values(sum)).toEqual([5, 7, 9])
    expect([c, d, e, f].map(isPart)).toEqual([true, true, true, true])
    expect(await values(f)).toEqual([12, 22])
    // What was read has a buffer of its own, which a part of the next arena is copied from.
    expect([e, f].map(isPart)).toEqual([true, false])
    const [g, h] = tuple(increment(f, e), 2)
    expect([await values(g), await values(h)]).toEqual([
      [13, 23],
      [4, 5, 6],
    ])
    for (const each of [sum, c, d, e, f, g, h]) each.dispose()
    await a.data()
    expect(backend().numDataIds()).toBe(before)
    a.dispose()
    b.dispose()
  })

  test('are not copied while they stay together in their order', () => {
    const bufferOf = ({ dataId }: Tensor) => backend().tensorMap.get(dataId).resource
    const [a, b] = [tensor([1]), tensor([2])]
    const [c, d] = tuple(increment(a, b), 2)
    expect(bufferOf(c)).toBe(bufferOf(d))
    const copies = copiesDuring(() => {
      for (const each of increment(c, d)) each.dispose()
    })
    expect(copies).toBe(0)
    expect(
      copiesDuring(() => {
        for (const each of increment(d, c)) each.dispose()
      }),
    ).toBe(2)
    for (const each of [a, b, c, d]) each.dispose()
  })

  test('outlive each other', async () => {
    const [a, b] = [tensor([1]), tensor([2])]
    const [c, d] = tuple(increment(a, b), 2)
    c.dispose()
    const others = increment(a, b) // would take the buffer if it were free
    expect(await values(d)).toEqual([3])
    for (const each of [a, b, d, ...others]) each.dispose()
  })
}, ['webgpu'])

/** The copies between buffers that `run` records. */
function copiesDuring(run: () => void): number {
  const backend = engine().backend as unknown as {
    ensureCommandEncoderReady(): void
    commandEncoder: GPUCommandEncoder
  }
  backend.ensureCommandEncoderReady()
  const encoder = backend.commandEncoder
  const copy = encoder.copyBufferToBuffer.bind(encoder)
  let copies = 0
  encoder.copyBufferToBuffer = ((...parameters: Parameters<typeof copy>) => {
    copies++
    copy(...parameters)
  }) as typeof copy
  run()
  encoder.copyBufferToBuffer = copy
  return copies
}
