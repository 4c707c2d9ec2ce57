import { clone, grad, mul, sum, type Tensor, tensor } from '@ddnet/ops'
import { describeBackends, expectClose } from '@ddnet/testing'
import { test } from 'vitest'

// Alone in its file: what ran before in a process may have registered what the engine itself needs.
describeBackends('the first gradient of a process', () => {
  test('can be differentiated twice more, through copies too', async () => {
    const cube = (x: Tensor) => sum(mul(clone(x), mul(clone(x), x)))
    const third = grad((x: Tensor) => sum(grad((v: Tensor) => sum(grad(cube)(v)))(x)))
    expectClose(await third(tensor([2, -1])).data(), [6, 6])
  })
})
