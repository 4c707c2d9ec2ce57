import { itemAt } from '@ddnet/ops/checks'
import type { Callback, Control, EndEvent, EpochEvent, StartEvent, Storage, ValidationEvent } from '@ddnet/trainer'
import { decodePng, encodePng, grid, type Picture, pictureTable } from '@ddnet/visuals'
import { generateImages } from '../generate-images.ts'
import { buildModel, type LoadedData, type RunTask } from '../parts.ts'
import type { Config } from '../settings/config.ts'

/** Where they lie in a run. */
const folderName = 'samples'
/** How many images are made each time. */
const count = 10

/** New images of a run, of the same noise each time. */
export interface StepSamples {
  readonly step: number
  readonly picture: Picture
}

interface SampledRun {
  readonly config: Config
  readonly task: RunTask
  readonly data: Pick<LoadedData, 'facts'>
}

/**
 * New images at each validation of a run, at each epoch of one without any, and at its end, always of the same noise: `samples/step=000100.png`.
 * They are made by a copy of the model with the weights that a checkpoint would have, averaged ones where the optimizer averages.
 */
export class SampleLog implements Callback {
  readonly name = 'samples'
  readonly #storage: Storage
  readonly #run: SampledRun
  readonly #validates: boolean
  /** The step that the newest are of. */
  #newest = 0

  constructor(storage: Storage, run: SampledRun, { validates }: { readonly validates: boolean }) {
    this.#storage = storage.folder(folderName)
    this.#run = run
    this.#validates = validates
  }

  /** What lies behind the step that a run goes on from will be made again. */
  async onStart({ startStep }: StartEvent): Promise<void> {
    for (const { name, step } of await sampleFiles(this.#storage))
      if (step > startStep) await this.#storage.removeFile(name)
    this.#newest = startStep
  }

  async onValidation({ step }: ValidationEvent, control: Control): Promise<void> {
    await this.#sample(step, control)
  }

  async onEpoch({ step }: EpochEvent, control: Control): Promise<void> {
    if (!this.#validates) await this.#sample(step, control)
  }

  async onEnd({ step, reason }: EndEvent, control: Control): Promise<void> {
    if (reason !== 'diverged' && step > this.#newest) await this.#sample(step, control)
  }

  async #sample(step: number, control: Control): Promise<void> {
    const { config, task, data } = this.#run
    const { model: weights } = await control.snapshot()
    const model = buildModel(config, data.facts)
    try {
      model.loadStateDict(weights)
      const images = await generateImages({ model, task, facts: data.facts }, { count, seed: config.seed })
      const strip = grid(
        images.map(({ picture }) => picture),
        { columns: count },
      )
      await this.#storage.replaceFile(`step=${String(step).padStart(6, '0')}.png`, encodePng(strip))
      this.#newest = step
    } finally {
      model.dispose()
    }
  }
}

/** What a run made on its way, the oldest first; nothing of one that makes no images. */
export async function readSamples(run: Storage): Promise<StepSamples[]> {
  const storage = run.folder(folderName)
  const found: StepSamples[] = []
  for (const { name, step } of await sampleFiles(storage)) {
    const bytes = await storage.readFile(name)
    if (bytes !== undefined) found.push({ step, picture: decodePng(bytes) })
  }
  return found
}

async function sampleFiles(storage: Storage): Promise<{ name: string; step: number }[]> {
  return (await storage.list())
    .flatMap((name) => {
      const step = /^step=(\d+)\.png$/.exec(name)?.[1]
      return step === undefined ? [] : [{ name, step: Number(step) }]
    })
    .sort((a, b) => a.step - b.step)
}

/** The most rows that are shown. */
const mostRows = 16

/** Images of the same noise, a row for each step: the newest, and as many of the others as there is room for, evenly. */
export function sampleTable(samples: readonly StepSamples[]): Picture | undefined {
  const last = samples.length - 1
  const rows = Math.min(samples.length, mostRows)
  if (rows === 0) return undefined
  const shown = Array.from({ length: rows }, (_, row) =>
    itemAt(samples, rows === 1 ? last : Math.round((row * last) / (rows - 1))),
  )
  return pictureTable(
    shown.map(({ step, picture }) => ({ label: `step ${step}`, pictures: [picture] })),
    { scale: 1 },
  )
}
