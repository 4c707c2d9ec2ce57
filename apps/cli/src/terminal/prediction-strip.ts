import { type PredictionSample, toAnsi } from '@ddnet/visuals'
import { formatPercent } from './format.ts'
import type { Io } from './io.ts'
import { printable } from './printable.ts'
import type { Style } from './style.ts'

const imageWidth = 14
const gap = 2
const most = 5

/** Whether the terminal says that it has 24-bit color, which pictures need. */
export const showsPictures = ({ COLORTERM }: Io['env']): boolean => COLORTERM === 'truecolor' || COLORTERM === '24bit'

/** The first predictions side by side as small pictures, with what they were taken for and what they are. */
export function predictionStrip(samples: readonly PredictionSample[], columns: number, style: Style): string {
  const shown = samples.slice(0, Math.min(most, Math.floor((columns + gap) / (imageWidth + gap))))
  const pictures = shown.map(({ image }) => toAnsi(image, imageWidth).split('\n'))
  const rows = (pictures[0] ?? []).map((_, row) => pictures.map((lines) => lines[row]).join(' '.repeat(gap)))
  const labels = (
    text: (sample: PredictionSample) => string,
    format: (sample: PredictionSample) => Parameters<Style>[0],
  ) =>
    shown
      .map((sample) =>
        style(
          format(sample),
          printable(text(sample))
            .slice(0, imageWidth)
            .padEnd(imageWidth + gap),
        ),
      )
      .join('')
  const guesses = labels(
    ({ predicted, confidence }) => `${predicted} ${formatPercent(confidence).replace(/\.\d/, '')}`,
    ({ predicted, actual }) => (predicted === actual ? 'green' : 'red'),
  )
  const truths = labels(
    ({ actual }) => `is ${actual}`,
    () => 'dim',
  )
  return `${[...rows, guesses, truths].join('\n')}\n`
}
