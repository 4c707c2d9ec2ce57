import type { Scores } from '../scores.ts'

/** The scores that are numbers, by names like `train/loss`; those of each class and matrices are left out. */
export function scalarsOf(prefix: 'train' | 'validation', scores: Scores): Record<string, number> {
  return Object.fromEntries(numbersOf(scores).map(([name, value]) => [`${prefix}/${name}`, value]))
}

export const numbersOf = (scores: Scores): [string, number][] =>
  Object.entries(scores).filter((entry): entry is [string, number] => typeof entry[1] === 'number')
