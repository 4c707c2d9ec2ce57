import { readFileSync } from 'node:fs'
import { readMutations } from '@ddnet/testing'
import { decodeNpy } from '../src/npy/decode-npy.ts'
import { NpyError } from '../src/npy/npy-error.ts'
import { decodeNpz } from '../src/npy/npz.ts'

const fixture = (name: string) => readFileSync(new URL(`../fixtures/${name}`, import.meta.url))
const isExpected = (error: unknown) => error instanceof NpyError

/** What is read of `count` mutated files, by their kind. */
export const mutatedNpy = {
  npy: (count: number, seed: number) =>
    readMutations([fixture('reference.npy')], decodeNpyOf, { count, seed, isExpected }),
  npz: (count: number, seed: number) =>
    readMutations([fixture('reference.npz'), fixture('reference-compressed.npz')], decodeNpzOf, {
      count,
      seed,
      isExpected,
    }),
}

const decodeNpyOf = (file: Uint8Array) => decodeNpy(file)
const decodeNpzOf = (file: Uint8Array) => decodeNpz(file)
