import { readFileSync } from 'node:fs'
import { readMutations } from '@ddnet/testing'
import { decodeNpy } from '../src/npy/decode-npy.ts'
import { NpyError } from '../src/npy/npy-error.ts'
import { openNpz } from '../src/npy/npz.ts'

const fixture = (name: string) => readFileSync(new URL(`../fixtures/${name}`, import.meta.url))
const isExpected = (error: unknown) => error instanceof NpyError

/** What is read of `count` mutated files, by their kind. */
export const mutatedNpy = {
  npy: (count: number, seed: number) =>
    readMutations(
      ['reference', 'reference-2', 'reference-3'].map((name) => fixture(`${name}.npy`)),
      decodeNpyOf,
      { count, seed, isExpected },
    ),
  'npz of what is not read': (count: number, seed: number) =>
    readMutations([fixture('mixed.npz'), fixture('mixed-compressed.npz')], decodeNpzOf, { count, seed, isExpected }),
  npz: (count: number, seed: number) =>
    readMutations([fixture('reference.npz'), fixture('reference-compressed.npz')], decodeNpzOf, {
      count,
      seed,
      isExpected,
    }),
}

const decodeNpyOf = (file: Uint8Array) => decodeNpy(file)

async function decodeNpzOf(bytes: Uint8Array): Promise<void> {
  const file = await openNpz(bytes)
  let refused: unknown
  for (const name of Object.keys(file.entries)) {
    await file.read(name).catch((error: unknown) => {
      refused = error
      if (!isExpected(error)) throw error
    })
  }
  if (refused !== undefined) throw refused
}
