import * as ops from '@ddnet/ops'
import type { Scalar, Tensor, Tensor1D, Tensor2D, Tensor3D, Tensor4D } from '@tensorflow/tfjs-core'
import { expectTypeOf, test } from 'vitest'

declare const x: Tensor
declare const scalar: Scalar
declare const vector: Tensor1D
declare const matrix: Tensor2D
declare const images: Tensor4D
declare const shape: number[]

/** Never called: what it states is checked with the types. */
function _types<T extends Tensor>(some: T): void {
  // Operators take any tensor and check its rank; their results have the rank that they always have.
  expectTypeOf(ops.conv2d(x, x, { bias: x })).toEqualTypeOf<Tensor4D>()
  expectTypeOf(ops.conv1d(x, x)).toEqualTypeOf<Tensor3D>()
  expectTypeOf(ops.maxPool2d(x, { kernelSize: 2 })).toEqualTypeOf<Tensor4D>()
  expectTypeOf(ops.interpolate(x, { size: 2 })).toEqualTypeOf<Tensor4D>()
  // @ts-expect-error: there is no such option
  ops.conv2d(x, x, { strides: 2 })

  // A reduction gives a scalar only over all axes, and keeps the rank where it keeps the axes.
  expectTypeOf(ops.sum(images)).toEqualTypeOf<Scalar>()
  expectTypeOf(ops.sum(images, 1)).toEqualTypeOf<Tensor>()
  expectTypeOf(ops.sum(images, [1, 2], true)).toEqualTypeOf<Tensor4D>()
  expectTypeOf(ops.mean(images, null)).toEqualTypeOf<Scalar>()
  // @ts-expect-error: it has as many axes as `x` but one
  const _one: Scalar = ops.sum(x, 1)

  // Elementwise operators keep it, and never make up what the context asks for.
  expectTypeOf(ops.relu(images)).toEqualTypeOf<Tensor4D>()
  expectTypeOf(ops.add(images, 1)).toEqualTypeOf<Tensor4D>()
  expectTypeOf(ops.sub(1, images)).toEqualTypeOf<Tensor4D>()
  expectTypeOf(ops.add(images, vector)).toEqualTypeOf<Tensor4D>()
  expectTypeOf(ops.add(scalar, matrix)).toEqualTypeOf<Tensor2D>()
  expectTypeOf(ops.mul(images, x)).toEqualTypeOf<Tensor>()
  const _some: T = ops.mul(some, 2)
  expectTypeOf(ops.greater(images, 0)).toEqualTypeOf<Tensor4D>()
  // @ts-expect-error: nothing says that it has four axes
  const _images: Tensor4D = ops.add(x, x)

  // A shape says it where its type does.
  expectTypeOf(ops.reshape(x, [2, -1])).toEqualTypeOf<Tensor2D>()
  expectTypeOf(ops.reshape(x, [1, ...images.shape.slice(1)])).toEqualTypeOf<Tensor>()
  expectTypeOf(ops.reshape(x, shape)).toEqualTypeOf<Tensor>()
  expectTypeOf(ops.zeros([])).toEqualTypeOf<Scalar>()
  expectTypeOf(ops.ones([3])).toEqualTypeOf<Tensor1D>()
  expectTypeOf(ops.tensor([1, 2])).toEqualTypeOf<Tensor1D>()
  expectTypeOf(ops.tensor([[1], [2]])).toEqualTypeOf<Tensor2D>()
  expectTypeOf(ops.tensor([1, 2], [1, 1, 1, 2])).toEqualTypeOf<Tensor4D>()
  expectTypeOf(ops.tensor(new Float32Array(2))).toEqualTypeOf<Tensor1D>()

  expectTypeOf(ops.matMul(matrix, matrix)).toEqualTypeOf<Tensor2D>()
  expectTypeOf(ops.matMul(x, matrix)).toEqualTypeOf<Tensor>()
  expectTypeOf(ops.gather(matrix, vector)).toEqualTypeOf<Tensor2D>()
  expectTypeOf(ops.gather(matrix, matrix)).toEqualTypeOf<Tensor>()
  expectTypeOf(ops.where(ops.greater(images, 0), images, 0)).toEqualTypeOf<Tensor4D>()
  expectTypeOf(ops.valueAndGrads(() => scalar, [images, vector]).grads).toEqualTypeOf<[Tensor4D, Tensor1D]>()
}

test('the types of results tell their ranks', () => {
  expectTypeOf<typeof _types>().toBeFunction()
})
