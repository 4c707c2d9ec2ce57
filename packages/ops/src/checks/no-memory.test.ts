import { add, broadcastTo, matMul, memory, padConstant, random, tensor, tile, zeros } from '@ddnet/ops'
import { useBackend } from '@ddnet/testing'
import { beforeAll, describe, expect, test } from 'vitest'

const many = 1_500_000_000 // below 2³¹ values, 6 GB

/** Each tells a `RangeError` with figures, and keeps nothing. */
function expectRefused(work: () => unknown, message: RegExp): void {
  const { numTensors, numBytes } = memory()
  expect(work).toThrow(message)
  expect(memory()).toMatchObject({ numTensors, numBytes })
}

describe('on the host, what takes more than there is', () => {
  beforeAll(() => useBackend('cpu'))
  // Node's arrays have at most 2³³ − 1 bytes in Node 20 and 2⁵³ − 1 beyond; nothing has 2⁵⁰.
  const key = random.key(1)

  test.each([
    ['key.bits', () => key.bits(2 ** 50)],
    ['random.permutation', () => random.permutation(key, 2 ** 50)],
  ])('%s is told with its size', (name, draw) => {
    expectRefused(
      draw,
      new RegExp(`^${name.replace('.', '\\.')}: no memory for shape \\[1125899906842624\\], 4503599.* GB`),
    )
  })
})

describe('on WebAssembly, what goes beyond its 4.29 GB', () => {
  beforeAll(() => useBackend('wasm'))

  test.each([
    ['tile', () => tile(zeros([1000]), [many / 1000]), '6.00'],
    ['broadcastTo', () => broadcastTo(zeros([1]), [many]), '6.00'],
    ['padConstant', () => padConstant(zeros([1]), [[0, many]]), '6.00'],
    ['add', () => add(zeros([40_000, 1]), zeros([1, 40_000])), '6.40'],
    ['matMul', () => matMul(zeros([40_000, 1]), zeros([1, 40_000])), '6.40'],
    // Less than can be addressed, of which a part is taken.
    ['tile', () => tile(zeros([1000]), [1_073_700]), '4.29'],
  ])('%s is refused with the figures, and nothing is written where it does not belong', async (_, work, size) => {
    const before = tensor([1, 2, 3])
    expect(work).toThrow(
      new RegExp(
        `^wasm: no memory for ${size} GB more: WebAssembly can have 4\\.29 GB, and has taken \\d+\\.\\d\\d\\. Use `,
      ),
    )
    expect(await add(before, tensor(1)).array()).toEqual([2, 3, 4])
  })
})
