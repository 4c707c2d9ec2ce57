import { describeBackends, describeOp, expectShapeError } from '@ddnet/testing'
import { tidy, zeros } from '@tensorflow/tfjs-core'
import { expect, test } from 'vitest'
import { square } from './arithmetic.ts'
import { diag, eye, trace } from './diagonal.ts'

for (const [name, run] of Object.entries({ diag, trace })) {
  describeOp(name, { inputs: ['x'], run: ({ x }) => tidy(() => run(square(x))) })
}

describeBackends('diagonals', () => {
  test('eye has ones there', async () => {
    expect([...(await eye(2, 3).data())]).toEqual([1, 0, 0, 0, 1, 0])
    expect([...(await eye(3, 1).data())]).toEqual([1, 0, 0])
  })

  test('say what does not fit', () => {
    const [cube, empty, vector] = [zeros([2, 2, 2]), zeros([0, 2]), zeros([2])]
    expectShapeError(() => diag(cube), /diag: expected a vector or a matrix with values, got \[2,2,2\]/)
    expectShapeError(() => diag(empty), /got \[0,2\]/)
    expectShapeError(() => trace(vector), /trace: expected a matrix, got \[2\]/)
    expectShapeError(() => eye(0), /eye: expected sizes of at least 1, got \[0, 0\]/)
  })
})
