import { readWrongJson } from '@ddnet/testing'
import { expect, test } from 'vitest'
import { decodeSafetensors } from '../src/safetensors/decode.ts'
import { SafetensorsError } from '../src/safetensors/safetensors-error.ts'

const header = {
  __metadata__: { format: 'pt' },
  a: { dtype: 'F32', shape: [2, 1], data_offsets: [0, 8] },
  b: { dtype: 'U8', shape: [], data_offsets: [8, 9] },
}

function readHeader(json: string): void {
  const text = Buffer.from(json)
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(text.length))
  decodeSafetensors(Buffer.concat([length, text, new Uint8Array(9)]))
}

test('any value in any place of a safetensors header is read, or refused with a SafetensorsError', async () => {
  readHeader(JSON.stringify(header))
  const { tries, refused } = await readWrongJson(header, readHeader, (error) => error instanceof SafetensorsError)
  expect(tries).toBeGreaterThan(200)
  expect(refused).toBeGreaterThan(150)
})
