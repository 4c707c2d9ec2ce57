import { Message } from '../protobuf.ts'
import { type Histogram, histogramOf } from './histogram.ts'
import { encodeRecord } from './record.ts'
import { TensorBoardError } from './tensorboard-error.ts'

/** What is told of one step, each by its tag: `train/loss`. */
export interface TensorBoardEvent {
  readonly step: number
  /** Seconds since 1970. */
  readonly wallTime: number
  readonly scalars?: Readonly<Record<string, number>>
  /** PNG files. */
  readonly images?: Readonly<Record<string, Uint8Array>>
  /** All the values, of which the distribution is written. */
  readonly histograms?: Readonly<Record<string, ArrayLike<number>>>
}

/**
 * One event as a record; a file is `tensorBoardStart(…)` and records, one after the other, with `tfevents` in its name.
 *
 * @throws TensorBoardError for an image that is not a PNG, and for a histogram of nothing or of values that are not finite
 * @example await writeFile('runs/a/events.out.tfevents.1', concat([tensorBoardStart(event), encodeTensorBoardEvent(event)]))
 */
export function encodeTensorBoardEvent({
  step,
  wallTime,
  scalars = {},
  images = {},
  histograms = {},
}: TensorBoardEvent): Uint8Array<ArrayBuffer> {
  const summary = new Message()
    .messages(
      1,
      Object.entries(scalars).map(([tag, value]) => new Message().text(1, tag).float(2, value)),
    )
    .messages(
      1,
      Object.entries(images).map(([tag, png]) => new Message().text(1, tag).message(4, imageOf(png, tag))),
    )
    .messages(
      1,
      Object.entries(histograms).map(([tag, values]) =>
        new Message().text(1, tag).message(5, histogramMessage(histogramOf(values, tag))),
      ),
    )
  return encodeRecord(stamp(wallTime, step).message(5, summary).join())
}

/**
 * The records that begin a file: the version of the format and, where a run goes on after some steps, that what other
 * files tell of `step` and later is void.
 */
export function tensorBoardStart({
  step,
  wallTime,
}: Pick<TensorBoardEvent, 'step' | 'wallTime'>): Uint8Array<ArrayBuffer> {
  const version = encodeRecord(new Message().double(1, wallTime).text(3, 'brain.Event:2').join())
  if (step <= 1) return version
  const START = 1
  const session = encodeRecord(stamp(wallTime, step).message(7, new Message().integer(1, START)).join())
  const both = new Uint8Array(version.length + session.length)
  both.set(version)
  both.set(session, version.length)
  return both
}

function stamp(wallTime: number, step: number): Message {
  const message = new Message().double(1, wallTime)
  return step === 0 ? message : message.integer(2, step)
}

const PNG = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]
/** By PNG's colour type: grey, RGB, palette (which decodes to RGB), grey with alpha, RGBA. */
const CHANNELS: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 3, 4: 2, 6: 4 }

function imageOf(png: Uint8Array, tag: string): Message {
  const channels = CHANNELS[png[25] ?? -1]
  if (channels === undefined || PNG.some((byte, at) => png[at] !== byte)) {
    throw new TensorBoardError(`'${tag}': expected a PNG file, got [${[...png.subarray(0, 8)]}]. Encode it first.`)
  }
  const view = new DataView(png.buffer, png.byteOffset, png.byteLength)
  return new Message().integer(1, view.getUint32(20)).integer(2, view.getUint32(16)).integer(3, channels).bytes(4, png)
}

function histogramMessage({ min, max, count, sum, sumOfSquares, limits, counts }: Histogram): Message {
  const message = new Message()
  for (const [at, value] of [min, max, count, sum, sumOfSquares].entries()) {
    // Zeros are not written, except −0.
    if (!Object.is(value, 0)) message.double(at + 1, value)
  }
  return message.doubles(6, limits).doubles(7, counts)
}
