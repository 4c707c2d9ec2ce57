import type { Scores } from '../scores.ts'

/** The scores that are numbers, by names like `train/loss`; those of each class and matrices are left out. */
export function scalarsOf(prefix: 'train' | 'validation', scores: Scores): Record<string, number> {
  const numbers = Object.entries(scores).filter((entry): entry is [string, number] => typeof entry[1] === 'number')
  return Object.fromEntries(numbers.map(([name, value]) => [`${prefix}/${name}`, value]))
}
