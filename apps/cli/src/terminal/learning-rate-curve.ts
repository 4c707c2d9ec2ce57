import { itemAt, lastItem } from '@ddnet/ops/checks'
import type { LearningRateSweep } from '@ddnet/trainer'
import { formatRate } from './format.ts'
import { sparkline } from './sparkline.ts'
import type { Style } from './style.ts'

const labelWidth = 10

/**
 * A sweep of learning rates as lines of at most `columns` characters: the smoothed loss over the logarithm of the rate, from
 * its least (▁) to its highest before that (█), with the decades and the suggestion below.
 */
export function learningRateCurve({ points, suggestion }: LearningRateSweep, columns: number, style: Style): string[] {
  const losses = points.map(({ smoothed }) => smoothed)
  const least = Math.min(...losses)
  // What explodes behind the least loss would flatten all that comes before it.
  const fall = losses.slice(0, losses.indexOf(least) + 1)
  const highest = fall.length > 1 ? Math.max(...fall) : Math.max(...losses)
  const summary = `${(itemAt(losses, 0)).toFixed(3)}, least ${least.toFixed(3)}`
  const width = Math.min(points.length, columns - labelWidth - summary.length - 3)
  const curve = sparkline(
    losses.map((loss) => Math.min(loss, highest)),
    width,
    [least, highest],
  )
  const rates = points.map(({ learningRate }) => learningRate)
  return [
    `${'loss'.padEnd(labelWidth)}${curve}  ${summary}`,
    `${'rate'.padEnd(labelWidth)}${style('dim', decades(rates, width))}`,
    ...(suggestion === undefined ? [] : [pointer(rates, suggestion, width)]),
  ]
}

/** `1e-6    1e-5    1e-4`, each beginning at its place. */
function decades(rates: readonly number[], width: number): string {
  const [first, last] = [Math.log10(itemAt(rates, 0)), Math.log10(lastItem(rates))]
  let line = ''
  for (let exponent = Math.ceil(first - 1e-9); exponent <= last + 1e-9; exponent++) {
    const label = formatRate(10 ** exponent)
    const at = Math.round(((exponent - first) / (last - first)) * (width - 1))
    if ((line === '' || at > line.length) && at + label.length <= width + 3) line = line.padEnd(at) + label
  }
  return line
}

function pointer(rates: readonly number[], suggestion: number, width: number): string {
  const at = Math.floor((rates.indexOf(suggestion) * width) / rates.length)
  const text = formatRate(suggestion)
  const onTheLeft = at > width / 2
  return ' '.repeat(labelWidth) + (onTheLeft ? `${text} ▲`.padStart(at + 1) : `${' '.repeat(at)}▲ ${text}`)
}
