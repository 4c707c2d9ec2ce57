import type { CommandContext } from '../context.ts'
import { loadData } from '../data/load-data.ts'
import { namedData } from '../data/named-data.ts'
import { formatCount } from '../terminal/format.ts'
import { createLogger } from '../terminal/logger.ts'

/** `ddnet data statistics`: what `data.mean` and `data.std` would normalise each channel of the training images to 0 and 1. */
export async function dataStatistics(
  name: string,
  { size, json }: { readonly size: number; readonly json?: boolean },
  { io, loadData: load }: CommandContext,
): Promise<void> {
  const all = namedData(name, ['data.validation=0', 'model.channels=[1]'], io) // of all training images
  const config =
    all.data.name === 'folder'
      ? namedData(name, ['data.validation=0', 'model.channels=[1]', `data.size=${size}`], io)
      : all
  const { train } = await loadData(config, io, load)
  const { mean, std } = await channelStatistics(train)
  if (json) {
    io.stdout.write(`${JSON.stringify({ images: train.length, mean, std })}\n`)
    return
  }
  const say = createLogger({ ...io, stderr: io.stdout })
  const list = (values: readonly number[]) => {
    const short = values.map((value) => Number(value.toFixed(4)))
    return short.length === 1 ? String(short[0]) : `[${short.join(',')}]`
  }
  const channels = mean.length === 3 ? ': red, green, blue' : ''
  say('images', `${formatCount(train.length)} training images, pixels from 0 to 1${channels}`)
  say('mean', list(mean))
  say('std', list(std))
  say('train', `'data.mean=${list(mean)}' 'data.std=${list(std)}'`) // some shells take bare brackets for a pattern
}

/** Mean and standard deviation (of the population, as is usual here) over all pixels of all images, which are bytes. */
export async function channelStatistics({
  length,
  get,
}: Awaited<ReturnType<typeof loadData>>['train']): Promise<{ mean: number[]; std: number[] }> {
  // Bytes are whole numbers, so that these sums are exact up to 2^53: 10^11 pixels.
  const sums: number[] = []
  const squares: number[] = []
  let pixels = 0
  for (let index = 0; index < length; index++) {
    const { data, shape } = (await get(index)).image
    const channels = shape[2]
    for (let channel = 0; channel < channels; channel++) {
      let [sum, square] = [0, 0]
      for (let at = channel; at < data.length; at += channels) {
        const value = data[at] as number
        sum += value
        square += value * value
      }
      sums[channel] = (sums[channel] ?? 0) + sum
      squares[channel] = (squares[channel] ?? 0) + square
    }
    pixels += data.length / channels
  }
  const mean = sums.map((sum) => sum / pixels / 255)
  const std = squares.map((square, channel) => {
    const deviations = square - (sums[channel] as number) ** 2 / pixels
    return Math.sqrt(Math.max(0, deviations) / pixels) / 255 // rounding may leave a little less than 0
  })
  return { mean, std }
}
