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
  const words = name === 'cifar10' ? [] : [`data.size=${size}`, 'model.channels=[1]']
  const config = namedData(name, ['data.validation=0', ...words], io) // of all training images
  const { train } = await loadData(config, io, load)
  const { mean, std } = await channelStatistics(train)
  if (json) {
    io.stdout.write(`${JSON.stringify({ images: train.length, mean, std })}\n`)
    return
  }
  const say = createLogger({ ...io, stderr: io.stdout })
  const list = (values: readonly number[]) => `[${values.map((value) => Number(value.toFixed(4))).join(',')}]`
  say('images', `${formatCount(train.length)} training images, pixels from 0 to 1: red, green, blue`)
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
  const [sums, squares] = [
    [0, 0, 0],
    [0, 0, 0],
  ]
  let pixels = 0
  for (let index = 0; index < length; index++) {
    const { data } = (await get(index)).image
    for (let channel = 0; channel < 3; channel++) {
      let [sum, square] = [0, 0]
      for (let at = channel; at < data.length; at += 3) {
        const value = data[at] as number
        sum += value
        square += value * value
      }
      sums[channel] = (sums[channel] as number) + sum
      squares[channel] = (squares[channel] as number) + square
    }
    pixels += data.length / 3
  }
  const mean = sums.map((sum) => sum / pixels / 255)
  const std = squares.map((square, channel) => {
    const deviations = square - (sums[channel] as number) ** 2 / pixels
    return Math.sqrt(Math.max(0, deviations) / pixels) / 255 // rounding may leave a little less than 0
  })
  return { mean, std }
}
