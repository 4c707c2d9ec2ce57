import { itemAt } from '@ddnet/testing'
import { expect, test } from 'vitest'
import { kernelsNow } from '../kernels/wasm-kernels.ts'

test.each([
  ['maximum', 0, Math.max],
  ['minimum', 1, Math.min],
] as const)('the compiled %s repeats its short operand, in any number of parts', (_, smallest, choose) => {
  const memory = new WebAssembly.Memory({ initial: 1 })
  const { extremum } = kernelsNow(memory)
  const address = { long: 4096, short: 8192, y: 16_384 }
  for (const [count, period] of [
    [37, 37],
    [37, 1],
    [60, 3],
    [60, 20],
    [5, 5],
    [1, 1],
    [0, 1],
  ] as [number, number][]) {
    const long = Float32Array.from({ length: count }, (_, index) =>
      index === 2 ? Number.NaN : Math.sin(index * index),
    )
    const short = Float32Array.from({ length: period }, (_, index) => (index === 4 ? Number.NaN : Math.cos(index * 3)))
    new Float32Array(memory.buffer, address.long, count).set(long)
    new Float32Array(memory.buffer, address.short, period).set(short)
    new Int32Array(memory.buffer, 16, 6).set([address.long, address.short, address.y, count, period, smallest])
    const expected = long.map((value, index) => choose(value, itemAt(short, index % period)))
    for (const parts of [1, 2, 3, 4]) {
      const y = new Float32Array(memory.buffer, address.y, count + 1).fill(7)
      for (let part = 0; part < parts; part++) extremum(16, part, parts)
      expect(y.slice(0, count)).toEqual(expected)
      expect(y[count], 'what lies behind').toBe(7)
    }
  }
})
