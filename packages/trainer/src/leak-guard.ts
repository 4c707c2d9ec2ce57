import { memory } from '@ddnet/ops'
import type { Callback } from './callback.ts'

/**
 * Throws when more tensors are alive after a step than after an earlier one: something makes tensors and disposes them
 * not. Looked at after every `every` steps, which the host then waits for; without this callback nothing is counted.
 *
 * The first look comes after the second step: what a first step keeps for good is not a leak.
 *
 * @throws RangeError unless `every` is a whole number of at least 1
 * @example new Trainer({ …, callbacks: [leakGuard()] }) // while you write a loss, a layer or a callback
 */
export function leakGuard({ every = 1 }: { every?: number } = {}): Callback {
  if (!Number.isSafeInteger(every) || every < 1) {
    throw new RangeError(`leakGuard: expected every to be a whole number of at least 1, got ${every}.`)
  }
  let first = 0
  let fewest: { readonly step: number; readonly tensors: number; readonly bytes: number } | undefined
  const looks = (step: number): boolean => step >= first + 2 && step % every === 0
  return {
    name: 'leakGuard',
    needsState: looks,
    onStart({ startStep }) {
      first = startStep
      fewest = undefined
    },
    onStep({ step }) {
      if (!looks(step)) return
      const { numTensors: tensors, numBytes: bytes } = memory()
      if (fewest !== undefined && tensors > fewest.tensors) {
        const more = tensors - fewest.tensors
        throw new Error(
          `leakGuard: ${more} more ${more === 1 ? 'tensor is' : 'tensors are'} alive after step ${step} than after step ${fewest.step} (${tensors}, were ${fewest.tensors}; ${bytes - fewest.bytes} bytes more). Dispose what a step makes, or make it inside tidy.`,
        )
      }
      if (fewest === undefined || tensors < fewest.tensors) fewest = { step, tensors, bytes }
    },
  }
}
