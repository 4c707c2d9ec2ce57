import { ShapeError, type Tensor } from '@ddnet/ops'
import { itemAt } from '@ddnet/ops/checks'
import { formatPercent } from './accuracy.ts'
import { countClasses } from './class-counts.ts'
import { classMeasure, type LabelOptions } from './class-scores.ts'
import type { Measure } from './measure.ts'
import { weightedMean } from './weighted-mean.ts'

/** What counts in one picture. */
interface Pictured {
  readonly predicted: number[]
  readonly labels: number[]
}

/**
 * The Dice coefficient of each picture and class, `2 · hits / (predicted + labelled)`, and its mean over those of which there is
 * anything, as label or as prediction. NaN where there is nothing. Of all pictures together it is `f1`.
 *
 * @param logits scores `[batch, …, classes]`
 * @param labels `[batch, …]`, or probabilities `[batch, …, classes]`, of which the most probable class is the label
 * @throws ShapeError if the shapes do not fit; when it is read, RangeError for a label that is neither a class nor `ignoreIndex`
 * @see Dice 1945; MONAI's DiceMetric with the background
 */
export function diceScore(logits: Tensor, labels: Tensor, options: LabelOptions = {}): Measure {
  const [batch = 0, ...inner] = logits.shape.slice(0, -1)
  if (inner.length === 0) {
    throw new ShapeError(
      `diceScore: expected logits [batch, …, classes] of several positions a sample, got [${logits.shape}]. Take f1.`,
    )
  }
  const pixels = inner.reduce((product, size) => product * size, 1)
  return classMeasure('diceScore', logits, labels, options, {
    count({ predicted, labels, positions }, classes) {
      const pictures = Array.from({ length: batch }, (): Pictured => ({ predicted: [], labels: [] }))
      for (const [at, position] of positions.entries()) {
        const picture = pictures[Math.floor(position / pixels)]
        picture?.predicted.push(itemAt(predicted, at))
        picture?.labels.push(itemAt(labels, at))
      }
      const scores = pictures.flatMap((picture) => {
        const counts = countClasses(picture, classes)
        return counts.hits.flatMap((hits, at) => {
          const below = (counts.predicted[at] ?? 0) + (counts.labelled[at] ?? 0)
          return below === 0 ? [] : [(2 * hits) / below]
        })
      })
      return { sum: scores.reduce((sum, score) => sum + score, 0), weight: scores.length }
    },
    merge: weightedMean.merge,
    compute: weightedMean.compute,
    better: 'higher',
    format: formatPercent,
  })
}
