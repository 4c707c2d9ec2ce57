import { itemAt } from '@ddnet/ops/checks'
import type { SceneObject } from './scenes.ts'

/** What captions call the objects of a class: one, and several. */
export type Noun = readonly [one: string, many: string]

export interface SceneCaptions {
  /** `two red sevens and one green three`: what there is the most of first, then in the order of the classes. */
  readonly caption: string
  /** `a red seven at the top left, a red seven in the middle and a green three at the bottom`. */
  readonly positions: string
}

/** A class's name, and a regular plural of it. @example nounOf('six') // ['six', 'sixes'] */
export const nounOf = (name: string): Noun => [
  name,
  name === 'deer' ? name : /(?:s|x|z|ch|sh)$/.test(name) ? `${name}es` : `${name}s`,
]

const numbers = ['one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten', 'eleven', 'twelve']

/**
 * What a scene shows, in words.
 *
 * @param size height and width of the scene
 * @param nouns what captions call the classes
 */
export function describeScene(objects: readonly SceneObject[], size: number, nouns: readonly Noun[]): SceneCaptions {
  const kinds = new Map<string, { readonly object: SceneObject; count: number }>()
  for (const object of objects) {
    const kind = `${object.label} ${object.color ?? ''}`
    const known = kinds.get(kind)
    if (known === undefined) kinds.set(kind, { object, count: 1 })
    else known.count++
  }
  const word = ({ color, label }: SceneObject, count: number) =>
    [...(color === undefined ? [] : [color]), itemAt(itemAt(nouns, label), count === 1 ? 0 : 1)].join(' ')
  const counted = [...kinds.values()].sort(
    (a, b) =>
      b.count - a.count ||
      a.object.label - b.object.label ||
      ((a.object.color ?? '') < (b.object.color ?? '') ? -1 : 1),
  )
  const reading = objects.toSorted((a, b) => rank(a, size) - rank(b, size))
  return {
    caption: listed(counted.map(({ object, count }) => `${numbers[count - 1] ?? count} ${word(object, count)}`)),
    positions: listed(reading.map((object) => `${withArticle(word(object, 1))} ${placeOf(object, size)}`)),
  }
}

const listed = (parts: readonly string[]): string =>
  parts.length < 2 ? parts.join('') : `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}`

const withArticle = (words: string): string => `${/^(?!one\b)[aeiou]/.test(words) ? 'an' : 'a'} ${words}`

/** Which third of the scene the middle of a box is in, by row and column. */
const thirdsOf = (
  { box: [left, top, right, bottom] }: SceneObject,
  size: number,
): readonly [row: number, column: number] => {
  const third = (from: number, to: number) => Math.min(2, Math.floor((3 * (from + to)) / (2 * size)))
  return [third(top, bottom), third(left, right)]
}

const rank = (object: SceneObject, size: number): number => {
  const [row, column] = thirdsOf(object, size)
  return 3 * row + column
}

function placeOf(object: SceneObject, size: number): string {
  const [row, column] = thirdsOf(object, size)
  if (row === 1 && column === 1) return 'in the middle'
  const words = [
    ...(row === 1 ? [] : [row === 0 ? 'top' : 'bottom']),
    ...(column === 1 ? [] : [column === 0 ? 'left' : 'right']),
  ]
  return `${row === 1 ? 'on' : 'at'} the ${words.join(' ')}`
}
