import { itemAt } from '@ddnet/testing'
import { expect, test } from 'vitest'
import { kernelsNow } from '../kernels/wasm-kernels.ts'
import { interpolationTable } from './interpolation-table.ts'

test('the compiled resize gives the sum of its taps, the same bits in any number of parts', () => {
  const [outer, inputSize, outputSize] = [3, 7, 5]
  const options = { mode: 'bicubic', scaleFactor: undefined, alignCorners: false, antialias: true } as const
  const table = interpolationTable(inputSize, outputSize, options)
  const memory = new WebAssembly.Memory({ initial: 1 })
  const { resize } = kernelsNow(memory)
  // Blocks of sixteen, fours, and the rest of a row.
  for (const inner of [1, 3, 4, 23, 39]) {
    const x = Float32Array.from({ length: outer * inputSize * inner }, (_, index) => Math.sin(index * index))
    const words = [64, 64 + table.starts.length * 4, 64 + (table.starts.length + table.sources.length) * 4]
    const address = { x: 4096, y: 16_384 }
    new Int32Array(memory.buffer, words[0], table.starts.length).set(table.starts)
    new Int32Array(memory.buffer, words[1], table.sources.length).set(table.sources)
    new Float32Array(memory.buffer, words[2], table.weights.length).set(table.weights)
    new Float32Array(memory.buffer, address.x, x.length).set(x)
    new Int32Array(memory.buffer, 16, 9).set([address.x, address.y, outer, inputSize, outputSize, inner, ...words])
    const results = [1, 2, 3, 4].map((parts) => {
      const y = new Float32Array(memory.buffer, address.y, outer * outputSize * inner).fill(Number.NaN)
      for (let part = 0; part < parts; part++) resize(16, part, parts)
      return y.slice()
    })
    for (const result of results) expect(result).toEqual(results[0])
    const y = itemAt(results, 0)
    for (const [index, value] of y.entries()) {
      const [row, channel] = [Math.floor(index / inner), index % inner]
      const [image, output] = [Math.floor(row / outputSize), row % outputSize]
      let sum = 0
      for (let tap = itemAt(table.starts, output); tap < itemAt(table.starts, output + 1); tap++) {
        const source = itemAt(table.sources, tap)
        sum += itemAt(table.weights, tap) * itemAt(x, (image * inputSize + source) * inner + channel)
      }
      expect(value).toBeCloseTo(sum, 5)
    }
  }
})
