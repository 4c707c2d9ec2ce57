import { existsSync, readFileSync } from 'node:fs'
import { type HostTensor, type Tensor, tensor } from '@ddnet/ops'

/** One tensor of a fixture file; bytes and 64-bit integers count as int32. */
export interface FixtureTensor {
  shape: number[]
  dtype: 'float32' | 'int32'
  data: Float32Array | Int32Array | Uint8Array
}

export interface FixtureCase {
  name: string
  // biome-ignore lint/suspicious/noExplicitAny: each operator's own options, checked by the operator
  options: any
  tensors: Record<string, FixtureTensor>
  /** The first input holds a NaN; there are values, and no gradients. */
  nan?: boolean
}

const folder = new URL('../../../fixtures/', import.meta.url)

/**
 * PyTorch's numbers for one operator: `fixtures/operators/NAME.json` with its tensors.
 * @throws Error if they were not written yet
 */
export function operatorFixtures(name: string): FixtureCase[] {
  if (!existsSync(new URL(`operators/${name}.json`, folder))) {
    const script = `fixtures/make_${name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}.py`
    throw new Error(
      `fixtures/operators/${name}.json is missing. Write PyTorch's numbers: python ${script}, as CONTRIBUTING.md shows.`,
    )
  }
  const index = JSON.parse(readFileSync(new URL(`operators/${name}.json`, folder), 'utf8'))
  const tensors = readTensors(`operators/${name}.safetensors`)
  return index.cases.map(
    (each: { name: string; options: FixtureCase['options']; tensors: Record<string, string> }) => ({
      ...each,
      tensors: Object.fromEntries(
        Object.entries(each.tensors).map(([role, key]) => {
          const found = tensors[key]
          if (found === undefined) throw new Error(`fixture ${name}: no tensor ${key}`)
          return [role, found]
        }),
      ),
    }),
  )
}

/** A JSON fixture. */
export const jsonFixture = (path: string): unknown => JSON.parse(readFileSync(new URL(path, folder), 'utf8'))

/** The path of a fixture file. */
export const fixtureUrl = (path: string): URL => new URL(path, folder)

/** The smallest reader of safetensors, so that the tests of our reader do not rest on it. */
export function readTensors(path: string): Record<string, FixtureTensor> {
  const bytes = readFileSync(new URL(path, folder))
  const headerSize = Number(bytes.readBigUInt64LE(0))
  const header = JSON.parse(bytes.subarray(8, 8 + headerSize).toString())
  delete header.__metadata__
  return Object.fromEntries(
    Object.entries<{ dtype: string; shape: number[]; data_offsets: [number, number] }>(header).map(([name, entry]) => {
      const [begin, end] = entry.data_offsets
      const data = Uint8Array.from(bytes.subarray(8 + headerSize + begin, 8 + headerSize + end)).buffer
      if (entry.dtype === 'F32') return [name, { shape: entry.shape, dtype: 'float32', data: new Float32Array(data) }]
      if (entry.dtype === 'U8') return [name, { shape: entry.shape, dtype: 'int32', data: new Uint8Array(data) }]
      const integers = entry.dtype === 'I64' ? Int32Array.from(new BigInt64Array(data), Number) : new Int32Array(data)
      return [name, { shape: entry.shape, dtype: 'int32', data: integers }]
    }),
  )
}

/** A fixture tensor on the current backend. */
export const upload = ({ data, shape, dtype }: FixtureTensor): Tensor =>
  tensor(dtype === 'int32' ? Int32Array.from(data) : data, shape, dtype)

/** A PyTorch checkpoint of the fixtures as a state dict. */
export function torchState(path: string): Record<string, HostTensor> {
  return Object.fromEntries(
    Object.entries(readTensors(path)).map(([name, { shape, dtype, data }]): [string, HostTensor] => {
      if (name.endsWith('num_batches_tracked')) {
        return [name, { dtype: 'int64', shape, data: BigInt64Array.from(data, BigInt) }]
      }
      if (dtype !== 'float32') throw new Error(`fixture ${path}: expected ${name} to be float32, got ${dtype}`)
      return [name, { dtype, shape, data: data as Float32Array }]
    }),
  )
}
