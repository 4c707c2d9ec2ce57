import { readFileSync } from 'node:fs'
import { readMutations } from '@ddnet/testing'
import { decodeSafetensors } from '../src/safetensors/decode.ts'
import { openSafetensors } from '../src/safetensors/open.ts'
import { SafetensorsError } from '../src/safetensors/safetensors-error.ts'

const files = ['reference', 'reference-float16', 'reference-bfloat16', 'reference-others'].map((name) =>
  readFileSync(new URL(`../fixtures/${name}.safetensors`, import.meta.url)),
)
const isExpected = (error: unknown) => error instanceof SafetensorsError

/** What is read of `count` mutated files, whole and by ranges. */
export const mutatedSafetensors = {
  'safetensors, whole': (count: number, seed: number) =>
    readMutations(files, (bytes) => decodeSafetensors(bytes), { count, seed, isExpected }),
  'safetensors, by ranges': (count: number, seed: number) =>
    readMutations(files, readRanges, { count, seed, isExpected }),
}

async function readRanges(bytes: Uint8Array): Promise<void> {
  const file = await openSafetensors(new Blob([Uint8Array.from(bytes)]))
  let refused: unknown
  for (const name of Object.keys(file.entries)) {
    await file.read(name).catch((error: unknown) => {
      refused = error
    })
  }
  if (refused !== undefined) throw refused
}
