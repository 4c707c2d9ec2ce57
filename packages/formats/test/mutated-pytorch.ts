import { readFileSync } from 'node:fs'
import { readMutations } from '@ddnet/testing'
import { decodePyTorch } from '../src/pytorch/decode-pytorch.ts'
import { readPickle } from '../src/pytorch/pickle.ts'
import { PyTorchError } from '../src/pytorch/pytorch-error.ts'
import { storageOf, torchGlobals } from '../src/pytorch/tensor.ts'
import { openZip } from '../src/zip/open-zip.ts'

const files = ['state-dict', 'types', 'later-types', 'views', 'training', 'protocol-4', 'packed', 'no-crc'].map(
  (name) => readFileSync(new URL(`../fixtures/pytorch/${name}.pt`, import.meta.url)),
)
const isExpected = (error: unknown) => error instanceof PyTorchError

const pickleIn = async (file: Uint8Array): Promise<Uint8Array> => {
  const entries = openZip(file, {
    expected: 'PyTorch checkpoint',
    mayLackCrc: true,
    error: (message) => new PyTorchError(message),
  })
  const pickle = entries.find(({ name }) => name.endsWith('data.pkl'))
  if (pickle === undefined) throw new Error('there is no data.pkl.')
  return pickle.read()
}

/** What is read of `count` mutated files, and of mutated pickles, which no checksum covers. */
export const mutatedPyTorch = {
  'PyTorch, whole': (count: number, seed: number) =>
    readMutations(files, async (bytes) => void (await decodePyTorch(bytes)), { count, seed, isExpected }),
  'PyTorch, its pickle': async (count: number, seed: number) =>
    readMutations(
      await Promise.all(files.map(pickleIn)),
      (bytes) => void readPickle(bytes, { globals: torchGlobals, persistent: storageOf }),
      { count, seed, isExpected },
    ),
}
