import { entryOf, itemAt } from '@ddnet/ops/checks'
import { jsonFixture } from './fixtures.ts'

interface Index {
  pairs: {
    choices: Record<string, unknown[]>
    /** Option, place of its value, other option, place. */
    impossible: [string, number, string, number][]
  }
  cases: { name: string; options: Record<string, unknown>; combination?: number[] }[]
}

/** Which pairs of option values a fixture file's cases have, by the table in its index. */
export interface OptionPairs {
  /** The pairs that occur in some case. */
  readonly covered: number
  /** Pairs that are legal and occur in no case. */
  readonly missing: readonly string[]
  /** Pairs that no legal combination of options has. */
  readonly impossible: readonly string[]
}

/** The table of pairs of `fixtures/operators/NAME.json`. A case that says another value than its options have is an error. */
export function optionPairs(operator: string): OptionPairs {
  const { pairs, cases } = jsonFixture(`operators/${operator}.json`) as Index // made by fixtures/pairwise.py
  const options = Object.keys(pairs.choices)
  const value = (option: string, place: number): unknown => pairs.choices[option]?.[place]
  const text = (one: string, i: number, other: string, j: number): string =>
    `${one} ${JSON.stringify(value(one, i))}, ${other} ${JSON.stringify(value(other, j))}`
  const found = new Set<string>()
  for (const { name, options: given, combination } of cases) {
    if (combination === undefined) continue
    for (const [index, option] of options.entries()) {
      const said = JSON.stringify(value(option, itemAt(combination, index)))
      if (option in given && JSON.stringify(given[option]) !== said) {
        throw new Error(`fixture ${operator} ${name}: ${option} is ${JSON.stringify(given[option])}, not ${said}`)
      }
      for (const [later, other] of options.entries()) {
        if (later > index) found.add(text(option, itemAt(combination, index), other, itemAt(combination, later)))
      }
    }
  }
  const impossible = new Set(pairs.impossible.map((each) => text(...each)))
  const missing = options.flatMap((one, index) =>
    options.slice(index + 1).flatMap((other) =>
      entryOf(pairs.choices, one).flatMap((_, i) =>
        entryOf(pairs.choices, other)
          .map((_, j) => text(one, i, other, j))
          .filter((pair) => !found.has(pair) && !impossible.has(pair)),
      ),
    ),
  )
  return { covered: found.size, missing, impossible: [...impossible] }
}
