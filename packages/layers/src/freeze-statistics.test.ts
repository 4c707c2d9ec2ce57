import { random, sum, type Tensor, tensor, tidy, toHost } from '@ddnet/ops'
import { describeBackends, expectClose } from '@ddnet/testing'
import { expect, test } from 'vitest'
import { BatchNorm } from './batch-norm.ts'
import { init } from './init.ts'
import { InstanceNorm } from './instance-norm.ts'
import { Linear } from './linear.ts'
import { Module } from './module.ts'
import { valueAndGrad } from './value-and-grad.ts'

class Net extends Module {
  readonly backbone = [new Linear(2, 2), new BatchNorm(2)] as const
  readonly head = new BatchNorm(2)

  override forward(x: Tensor): Tensor {
    const [linear, norm] = this.backbone
    return this.head.forward(norm.forward(linear.forward(x)))
  }
}
const numbers = async (x: Tensor | undefined) => [...((await x?.data()) ?? [])]

describeBackends('freezeStatistics', () => {
  test('lets a norm normalise by its running statistics in training, keep them, and pass gradients on', async () => {
    const norm = init(new BatchNorm(2), random.key(0))
    norm.running_mean?.assign(tensor([1, -1]))
    norm.running_var?.assign(tensor([4, 0.25]))
    norm.freezeStatistics()
    const x = tensor([3, 0, -1, 2], [2, 2])
    const { aux, grads, updates } = valueAndGrad(norm, () => {
      const y = norm.forward(x)
      return { loss: sum(y), aux: { y } }
    })
    updates.commit()
    // (x − mean) / √(var + 10⁻⁵), as after PyTorch's eval()
    expectClose(await numbers(aux.y), [1, 2, -1, 6], 1e-4)
    expectClose(await numbers(grads['weight']), [0, 8], 1e-4)
    expect([await numbers(norm.running_mean?.value), norm.num_batches_tracked?.count]).toEqual([[1, -1], 0])

    norm.unfreezeStatistics()
    tidy(() => valueAndGrad(norm, () => ({ loss: sum(norm.forward(x)) })).updates.commit())
    expectClose(await numbers(norm.running_mean?.value), [0.9 + 0.1, -0.9 + 0.1], 1e-6)
    expect(norm.num_batches_tracked?.count).toBe(1)
  })

  test('of a part leaves the others counting', async () => {
    const net = init(new Net(), random.key(1))
    net.freezeStatistics('backbone')
    const x = tensor([3, 0, -1, 2], [2, 2])
    const { grads, updates } = valueAndGrad(net, () => ({ loss: sum(net.forward(x)) }))
    updates.commit()
    expect([net.backbone[1], net.head].map((norm) => norm.num_batches_tracked?.count)).toEqual([0, 1])
    expect(Object.keys(grads)).toContain('backbone.0.weight')
    expect(() => net.freezeStatistics('backbone.0')).toThrow(
      "freezeStatistics: 'backbone.0' names no buffer of this Net. It has backbone.1.running_mean, backbone.1.running_var",
    )
  })

  test('holds for InstanceNorm with running statistics, too', async () => {
    const norm = init(new InstanceNorm(1, { affine: true, trackRunningStats: true }), random.key(0))
    norm.running_mean?.assign(tensor([1]))
    norm.running_var?.assign(tensor([4]))
    norm.freezeStatistics()
    const { aux, updates } = valueAndGrad(norm, () => {
      const y = norm.forward(tensor([3, 5, -1, 1], [2, 2, 1]))
      return { loss: sum(y), aux: { y } }
    })
    updates.commit()
    expectClose((await toHost(aux.y as Tensor)).data as Float32Array, [1, 2, -1, 0], 1e-4)
    expect(await numbers(norm.running_mean?.value)).toEqual([1])
  })
})
