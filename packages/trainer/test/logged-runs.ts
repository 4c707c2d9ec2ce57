import { constants } from 'node:fs'
import fs from 'node:fs/promises'
import { loader } from '@ddnet/datasets'
import { crossEntropy } from '@ddnet/losses'
import { accuracy, confusionMatrix } from '@ddnet/metrics'
import { random } from '@ddnet/ops'
import { adam } from '@ddnet/optimizers'
import { expect, vi } from 'vitest'
import { type Callback, type Phase, type Snapshot, Trainer } from '../src/index.ts'
import { brightRows, type TinyNet, tinyNet } from './tiny.ts'

interface RunOptions {
  readonly resume?: Snapshot
  /** Take a snapshot where a checkpoint would, after this phase of this step … */
  readonly at?: { readonly step: number; readonly phase: Phase }
  /** … and let the process die there instead of going on. */
  readonly dies?: boolean
  readonly validates?: boolean
}

/** 12 steps in epochs of 5, a validation after every fourth step and the last. */
export async function run(
  logger: (model: TinyNet) => Callback,
  options: RunOptions = {},
): Promise<Snapshot | undefined> {
  const { at, dies = false, resume, validates = true } = options
  let taken: Snapshot | undefined
  const checkpoint: Callback['onStep'] = async ({ step }, control) => {
    if (step !== at?.step) return
    taken = await control.snapshot()
    if (dies) throw new Error('killed')
  }
  const when = { step: 'onStep', validation: 'onValidation', epoch: 'onEpoch' } as const
  const model = tinyNet()
  const trainer = new Trainer({
    model,
    optimizer: adam({ learningRate: 0.03 }),
    data: {
      train: loader(brightRows(40), { batchSize: 8, shuffle: true, key: random.key(5) }),
      ...(validates && { validation: loader(brightRows(20, 2), { batchSize: 8 }) }),
    },
    step: ({ image, label }, { model }) => {
      const logits = model.forward(image)
      return {
        loss: crossEntropy(logits, label),
        metrics: { accuracy: accuracy(logits, label), confusion: confusionMatrix(logits, label) },
      }
    },
    callbacks: [
      logger(model),
      at === undefined ? {} : { needsState: (step) => step === at.step, [when[at.phase]]: checkpoint },
    ],
  })
  const fit = trainer.fit({ steps: 12, validateEvery: 4, ...(resume !== undefined && { resume }) })
  if (dies) await expect(fit).rejects.toThrow('killed')
  else await fit
  model.dispose()
  return taken
}

/** From now on nothing can be opened for writing. */
export function failWrites(error: Error): void {
  const open = fs.open
  vi.spyOn(fs, 'open').mockImplementation(async (file, flags, mode) => {
    const reads = typeof flags === 'number' ? (flags & (constants.O_WRONLY | constants.O_RDWR)) === 0 : flags === 'r'
    if (!reads) throw error
    return open(file, flags, mode)
  })
}

/** Moments after which a checkpoint can be: inside an epoch, with a validation owed and done, at an epoch's end. */
const moments: { step: number; phase: Phase }[] = [
  { step: 3, phase: 'step' },
  { step: 4, phase: 'step' },
  { step: 4, phase: 'validation' },
  { step: 5, phase: 'step' },
  { step: 5, phase: 'epoch' },
  { step: 8, phase: 'validation' },
]
export const breaks = moments.flatMap((moment) => [
  { ...moment, dies: true },
  { ...moment, dies: false }, // and went on: the log is ahead of the checkpoint
])
