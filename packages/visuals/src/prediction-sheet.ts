import { grid } from './grid.ts'
import { blank, type Color, fill, type Picture, paste } from './picture.ts'
import { scale } from './scale.ts'
import { drawText, fitText, measureText } from './text.ts'

/** One image with what the model said, how sure it was (0…1), and what it is; without `actual` the frame stays neutral. */
export type PredictionSample = { image: Picture; predicted: string; confidence: number; actual?: string }

export type PredictionSheetOptions = {
  /** At most 5 by default. */
  columns?: number
  /** Pixels a pixel of the images; by default images become about 160 wide. */
  scale?: number
  title?: string
}

const paper: Color = [250, 250, 249]
const ink: Color = [41, 37, 36]
const faint: Color = [120, 113, 108]
const track: Color = [231, 229, 228]
const right: Color = [22, 163, 74]
const wrong: Color = [220, 38, 38]
const unknown: Color = [87, 83, 78]

const frame = 4
const margin = 20
const textSize = 2

/**
 * A sheet of sample predictions: every image enlarged in a green (right), red (wrong) or gray (truth not given) frame, under it
 * a bar and the figure of the confidence with the predicted name, and the true name.
 *
 * @throws RangeError when there is no sample or the images' sizes differ
 */
export function predictionSheet(
  samples: readonly PredictionSample[],
  { columns = Math.min(5, samples.length), scale: factor = defaultScale(samples), title }: PredictionSheetOptions = {},
): Picture {
  const cards = grid(
    samples.map((sample) => card(sample, factor)),
    { columns, gap: margin, background: paper },
  )
  if (title === undefined) return cards
  const size = 3
  const head = measureText(title, size).height + margin
  const sheet = blank(cards.width, cards.height + head, paper)
  paste(sheet, cards, 0, head)
  drawText(sheet, fitText(title, sheet.width - 2 * margin, size), margin, margin, ink, size)
  return sheet
}

function defaultScale(samples: readonly PredictionSample[]): number {
  return Math.max(1, Math.round(160 / (samples[0]?.image.width ?? 160)))
}

function card({ image, predicted, confidence, actual }: PredictionSample, factor: number): Picture {
  const color = actual === undefined ? unknown : predicted === actual ? right : wrong
  const width = image.width * factor + 2 * frame
  const imageBottom = image.height * factor + 2 * frame
  const picture = blank(width, imageBottom + 58, paper)
  fill(picture, { x: 0, y: 0, width, height: imageBottom }, color)
  paste(picture, scale(image, factor), frame, frame)

  const bar = { x: 0, y: imageBottom + 5, width, height: 5 }
  fill(picture, bar, track)
  fill(picture, { ...bar, width: Math.round(width * confidence) }, color)

  const percent = `${Math.round(confidence * 100)}%`
  const percentWidth = measureText(percent, textSize).width
  const line = imageBottom + 17
  drawText(picture, fitText(predicted, width - percentWidth - 8, textSize), 0, line, color, textSize)
  drawText(picture, percent, width - percentWidth, line, faint, textSize)
  if (actual !== undefined) drawText(picture, fitText(`is ${actual}`, width, textSize), 0, line + 22, faint, textSize)
  return picture
}
