import { itemAt } from '@ddnet/ops/checks'
import type { Classes } from './class-scores.ts'

/** Of each class, how often it was predicted and right, predicted, and the label: all that scores of classes need. */
export interface ClassCounts {
  readonly hits: readonly number[]
  readonly predicted: readonly number[]
  readonly labelled: readonly number[]
}

export function countClasses(
  { predicted, labels }: Pick<Classes, 'predicted' | 'labels'>,
  classes: number,
): ClassCounts {
  const [hits, predictions, labelled] = [zeros(classes), zeros(classes), zeros(classes)]
  for (const [row, prediction] of predicted.entries()) {
    const label = itemAt(labels, row)
    if (prediction === label) addAt(hits, label, 1)
    addAt(predictions, prediction, 1)
    addAt(labelled, label, 1)
  }
  return { hits, predicted: predictions, labelled }
}

export const mergeCounts = (a: ClassCounts, b: ClassCounts): ClassCounts => ({
  hits: plus(a.hits, b.hits),
  predicted: plus(a.predicted, b.predicted),
  labelled: plus(a.labelled, b.labelled),
})

export const total = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0)

export const zeros = (length: number): number[] => new Array<number>(length).fill(0)

export const addAt = (values: number[], at: number, value: number): void => {
  values[at] = (values[at] ?? 0) + value
}

export const plus = (a: readonly number[], b: readonly number[]): number[] => a.map((value, at) => value + (b[at] ?? 0))
