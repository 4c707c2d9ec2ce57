import { encodeTensorBoardEvent, readTensorBoardRecords, type TensorBoardEvent, tensorBoardStart } from '@ddnet/formats'
import type { Module } from '@ddnet/layers'
import { concatenateBytes } from '@ddnet/ops/checks'
import { storageAt } from '#storage'
import type { Callback } from '../callback.ts'
import { DivergedError } from '../diverged-error.ts'
import type { ValidationEvent } from '../events.ts'
import type { Scores } from '../scores.ts'
import type { Json } from '../snapshot.ts'
import type { Storage } from '../storage/storage.ts'
import { expectSteps } from './every.ts'
import { readingLog, writingLog } from './log-error.ts'
import { scalarsOf } from './scalars.ts'
import {
  tell as addTold,
  type Entry,
  keptEntries,
  type MismatchOption,
  nothingTold,
  type Told as ToldBefore,
  toldOf,
} from './told.ts'

export interface TensorBoardOptions extends MismatchOption {
  /** The folder to give to `tensorboard --logdir`, as a path in Node or a storage; or a function that gets the bytes of the event file. */
  readonly to: string | Storage | ((bytes: Uint8Array) => void | Promise<void>)
  /** Every so many steps the loss and the learning rate are told (10 by default). */
  readonly every?: number
  /** The distributions of a model's weights, under `weights/NAME`, after each epoch or every so many steps. */
  readonly histograms?: { readonly model: Module; readonly every?: 'epoch' | number }
  /** Pictures after each validation, as PNG files by their tags. */
  readonly images?: (
    event: ValidationEvent,
  ) => Readonly<Record<string, Uint8Array>> | Promise<Readonly<Record<string, Uint8Array>>>
}

type Told = Pick<TensorBoardEvent, 'scalars' | 'images' | 'histograms'>

/**
 * Logs the run for TensorBoard, in a file `events.out.tfevents.*`: `train/loss` of single batches and `learning_rate`,
 * `train/METRIC`, `validation/loss` and `validation/METRIC`.
 *
 * A run that goes on cuts what the folder tells of steps behind the checkpoint, and writes a file of its own, which also
 * tells a TensorBoard that is running to drop them. What is already told of the checkpoint's step is not told again. A
 * checkpoint waits until what was told before it is on the disk, and knows how much that is: files that lack some of it are
 * told. A run from step 0 empties the files of a run before it in that folder.
 *
 * @throws LogError naming the file, when the disk is full, or the files are not what the checkpoint says
 * @throws TensorBoardError for pictures that are not PNGs
 * @throws DivergedError for weights that are not finite, which have no histogram
 * @example new Trainer({ …, callbacks: [tensorBoard({ to: 'runs/a', histograms: { model } }), checkpoint({ … })] })
 */
export function tensorBoard({ to, every = 10, histograms, images, ...options }: TensorBoardOptions): Callback {
  expectSteps('tensorBoard', every)
  const histogramsEvery = histograms?.every ?? 'epoch'
  if (histogramsEvery !== 'epoch') expectSteps('tensorBoard: histograms', histogramsEvery)
  const storage = typeof to === 'string' ? storageAt(to) : typeof to === 'function' ? undefined : to
  let file = ''
  let startStep = 0
  let validatedAt = 0
  let toldAtStart = new Set<string>()
  let learningRate = Number.NaN
  let state = nothingTold
  let expected: ToldBefore | undefined
  let isFlushed = true
  const now = () => Date.now() / 1000
  const wantsHistograms = (step: number) =>
    histograms !== undefined && histogramsEvery !== 'epoch' && step % histogramsEvery === 0

  async function write(bytes: Uint8Array): Promise<void> {
    if (typeof to === 'function') return to(bytes)
    if (storage === undefined) return
    isFlushed = false
    await writingLog(`${storage.path}/${file}`, () => storage.append(file, bytes))
  }

  async function tell(step: number, all: Told): Promise<void> {
    const told = step === startStep ? without(all, toldAtStart) : all
    if (Object.values(told).every((part) => Object.keys(part).length === 0)) return
    const event = encodeTensorBoardEvent({ step, wallTime: now(), ...told })
    await write(event)
    state = addTold(state, formOf(event))
  }

  async function weights(step: number): Promise<Told> {
    if (histograms === undefined) return {}
    const found = await weightsOf(histograms.model)
    for (const [name, data] of Object.entries(found)) {
      if (!data.every(Number.isFinite)) {
        throw new DivergedError(step, learningRate, `${name.slice('weights/'.length)} is not finite`)
      }
    }
    return { histograms: found }
  }

  return {
    needsState: wantsHistograms,
    ...(storage !== undefined && {
      name: 'tensorBoard',
      state: () => ({ ...state }),
      restore: (given: Json) => {
        expected = toldOf(given)
      },
      async flush() {
        if (!isFlushed) await writingLog(`${storage.path}/${file}`, () => storage.flush(file))
        isFlushed = true
      },
    }),

    async onStart(event) {
      startStep = event.startStep
      toldAtStart = new Set()
      state = nothingTold
      if (storage !== undefined) {
        const kept = await cutEvents(storage, startStep, (entries) =>
          startStep === 0
            ? []
            : keptEntries(`${storage.path}/events.out.tfevents.*`, entries, { step: startStep, expected, ...options }),
        )
        const { last } = kept
        toldAtStart = kept.tags
        state = kept.forms.reduce(addTold, nothingTold)
        // TensorBoard reads the files of a folder in the order of their names.
        const seconds = Math.max(Math.floor(now()), last + 1)
        file = `events.out.tfevents.${seconds}.ddnet.${startStep}`
      }
      await write(tensorBoardStart({ step: startStep + 1, wallTime: now() }))
    },

    async onStep({ step, loss, learningRate: rate }) {
      learningRate = rate
      const scalars = step % every === 0 ? { 'train/loss': loss, learning_rate: rate } : {}
      await tell(step, { scalars, ...(wantsHistograms(step) && (await weights(step))) })
    },

    async onValidation(event) {
      validatedAt = event.step
      await tell(event.step, {
        scalars: { ...metricsOf(event.train), ...scalarsOf('validation', event.validation) },
        ...(images !== undefined && { images: await images(event) }),
      })
    },

    async onEpoch({ step, train }) {
      await tell(step, {
        ...(validatedAt !== step && { scalars: metricsOf(train) }),
        ...(histogramsEvery === 'epoch' && (await weights(step))),
      })
    },
  }
}

/** The training's metrics. `train/loss` is told of single batches, which a mean under its name would blur. */
function metricsOf(train: Scores): Record<string, number> {
  const { 'train/loss': _, ...metrics } = scalarsOf('train', train)
  return metrics
}

async function weightsOf(model: Module): Promise<Record<string, Float32Array>> {
  const weights: Record<string, Float32Array> = {}
  for (const [name, { dtype, data }] of Object.entries(await model.stateDict())) {
    if (dtype === 'float32' && data.length > 0) weights[`weights/${name}`] = data
  }
  return weights
}

const without = (told: Told, tags: ReadonlySet<string>): Told =>
  Object.fromEntries(
    Object.entries(told).map(([kind, parts]) => [
      kind,
      Object.fromEntries(Object.entries(parts).filter(([tag]) => !tags.has(tag))),
    ]),
  )

const ours = /^events\.out\.tfevents\.(\d+)\.ddnet\./

/** An event without its time, which has 9 bytes behind the record's header of 12; at its end stands a checksum of both. */
const formOf = (record: Uint8Array): string =>
  String.fromCharCode(...record.subarray(21, Math.min(record.length - 4, 4096)))

/** What one record of an event file tells. */
interface RecordEntry extends Entry {
  readonly tags: readonly string[]
}

/**
 * Drops what the files of a folder tell and `choose` does not keep, and an end that was cut.
 * @returns the tags told of `startStep`, the time in the newest file's name, and what is told, in its order
 */
async function cutEvents(
  storage: Storage,
  startStep: number,
  choose: (entries: readonly RecordEntry[]) => readonly RecordEntry[],
): Promise<{ tags: Set<string>; last: number; forms: string[] }> {
  const files = (await storage.list())
    .flatMap((name) => {
      const seconds = ours.exec(name)?.[1]
      return seconds === undefined ? [] : [{ name, seconds: Number(seconds) }]
    })
    .toSorted((a, b) => a.seconds - b.seconds)
  const contents: { name: string; bytes: Uint8Array; records: { bytes: Uint8Array; entry?: RecordEntry }[] }[] = []
  for (const { name } of files) {
    const bytes = (await readingLog(`${storage.path}/${name}`, () => storage.readFile(name))) ?? new Uint8Array(0)
    const records = readTensorBoardRecords(bytes).map(({ step, tags, bytes }) => {
      // A file's first record tells nothing of the run.
      if (tags.length === 0) return { bytes }
      return { bytes, entry: { step, tags, key: `${step} ${tags.join(' ')}`, form: formOf(bytes) } }
    })
    contents.push({ name, bytes, records })
  }
  const entries = contents.flatMap(({ records }) =>
    records.flatMap(({ entry }) => (entry === undefined ? [] : [entry])),
  )
  const kept = new Set(choose(entries))
  for (const { name, bytes, records } of contents) {
    const parts = records.filter(({ entry }) => entry === undefined || kept.has(entry)).map((record) => record.bytes)
    const cut = concatenateBytes(parts)
    if (cut.length === bytes.length) continue
    await writingLog(`${storage.path}/${name}`, () => storage.replaceFile(name, cut))
  }
  const told = [...kept]
  return {
    tags: new Set(told.filter(({ step }) => step === startStep).flatMap(({ tags }) => tags)),
    last: files.at(-1)?.seconds ?? 0,
    forms: told.map(({ form }) => form),
  }
}
