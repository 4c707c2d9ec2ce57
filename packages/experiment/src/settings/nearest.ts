import { itemAt } from '@ddnet/ops/checks'

/**
 * The candidate that `word` most likely means, or none when none is near.
 * Near is an edit distance (insert, delete, replace, swap neighbours) of at most a third of the longer word; a dotted path
 * also counts as its last part, so that `learningRate` finds `optimizer.learningRate`.
 */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  let best: { candidate: string; distance: number } | undefined
  for (const candidate of candidates) {
    const last = candidate.slice(candidate.lastIndexOf('.') + 1)
    const distance = Math.min(normalized(word, candidate), normalized(word, last))
    if (distance <= 1 / 3 && (best === undefined || distance < best.distance)) best = { candidate, distance }
  }
  return best?.candidate
}

const normalized = (a: string, b: string): number =>
  editDistance(a.toLowerCase(), b.toLowerCase()) / Math.max(a.length, b.length)

/** Optimal string alignment: the fewest insertions, deletions, replacements and swaps of neighbours. */
export function editDistance(a: string, b: string): number {
  const rows = Array.from({ length: a.length + 1 }, (_, i) => [i, ...Array<number>(b.length).fill(0)])
  const at = (i: number, j: number): number => itemAt(rows[i], j)
  const first = itemAt(rows, 0)
  for (let j = 1; j <= b.length; j++) first[j] = j
  for (let i = 1; i <= a.length; i++)
    for (let j = 1; j <= b.length; j++) {
      const replaced = at(i - 1, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1)
      let distance = Math.min(at(i - 1, j) + 1, at(i, j - 1) + 1, replaced)
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        distance = Math.min(distance, at(i - 2, j - 2) + 1)
      itemAt(rows, i)[j] = distance
    }
  return at(a.length, b.length)
}
