import { readFile } from 'node:fs/promises'
import { describe, expect, expectTypeOf, test } from 'vitest'
import { generateStructs } from '../../assembly/build.mjs'
import type { Heap } from './wasm-heap.ts'
import type { JobOf } from './wasm-kernels.ts'
import { type Structs, structs } from './wasm-structs.generated.ts'
import type { Address, StructAt } from './wasm-structs.ts'

const at = (address: number): Address => address as Address // of a memory that nobody reads

describe('structs that kernels read', () => {
  test('are written as WebAssembly lays out the fields of the class, little-endian words one after another', () => {
    const bytes = new ArrayBuffer(80)
    const job = { losses: at(4), weights: 0, gradient: at(0xf0000000), rows: 7, classes: 3 } as const
    const inputs = { logits: at(8), labels: at(12), classWeights: at(16) }
    structs.CrossEntropy.write(
      { ...inputs, ...job, smoothing: 0.1, ignoreIndex: -100 },
      2,
      new Int32Array(bytes),
      new Float32Array(bytes),
    )
    const view = new DataView(bytes, 8)
    const addresses = Array.from({ length: 6 }, (_, index) => view.getUint32(index * 4, true))
    expect(addresses).toEqual([8, 12, 16, 4, 0, 0xf0000000])
    expect([view.getInt32(24, true), view.getInt32(28, true)]).toEqual([7, 3])
    expect(view.getFloat32(32, true)).toBe(Math.fround(0.1))
    expect(view.getInt32(36, true)).toBe(-100)
    expect(new Int32Array(bytes, 48).every((word) => word === 0)).toBe(true)
  })

  test.each([true, false])('say a flag in a byte: %s', (relu) => {
    const words = new Int32Array(6).fill(-1)
    const job = { x: at(8), bias: at(12), y: at(16), rows: 1, channels: 2, relu }
    structs.AddBias.write(job, 0, words, new Float32Array(words.buffer))
    expect(new DataView(words.buffer).getUint8(20)).toBe(relu ? 1 : 0)
  })

  test('have fields that can be confused with no others', () => {
    type AddBias = Structs['AddBias']
    expectTypeOf<Omit<AddBias, 'relu'>>().not.toExtend<AddBias>()
    expectTypeOf<Omit<AddBias, 'x'> & { x: number }>().not.toExtend<AddBias>()
    expectTypeOf<Omit<AddBias, 'x'> & { x: 0 }>().not.toExtend<AddBias>()
    expectTypeOf<Omit<AddBias, 'relu'> & { relu: number }>().not.toExtend<AddBias>()
    expectTypeOf<Address>().not.toExtend<Structs['Convolution']['padded']>()
    expectTypeOf<0>().toExtend<Structs['Padded']['scratch']>()
    expectTypeOf<StructAt<'Padded'>>().not.toExtend<StructAt<'Phase'>>()
    expectTypeOf<JobOf<'layerNorm'>>().toEqualTypeOf<StructAt<'GroupNorm'>>()
    // @ts-expect-error a field that the class does not have
    const more = (heap: Heap, job: AddBias) => heap.write('AddBias', { ...job, scale: 1 })
    // @ts-expect-error another kernel's job
    const other = (heap: Heap, job: StructAt<'Tile'>) => heap.runner.run('addBias', job)
    expect([more, other]).toHaveLength(2)
  })

  test.each([
    [
      'relu: bool',
      'relu: i64',
      'AddBias.relu: the host writes usize, Optional, Bytes, i32, f32, bool and classes, got i64',
    ],
    ['relu: bool', 'relu: bool\n  other: bool', 'AddBias.other does not begin at a word: put the bool before it last'],
  ])('are refused where the host could not write them: %s as %s', async (field, changed, message) => {
    const source = await readFile(new URL('../../assembly/add-bias.ts', import.meta.url), 'utf8')
    await expect(generateStructs({ 'add-bias.ts': source.replace(field, changed) })).rejects.toThrow(message)
  })
})
