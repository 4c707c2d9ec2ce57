import { findSetting, type Setting, type SettingCatalog, short } from '@ddnet/experiment'
import { type Key, random } from '@ddnet/ops'
import { itemAt } from '@ddnet/ops/checks'
import { UsageError } from '../errors.ts'

/** What a search may choose of a setting, as it is written on the command line. */
export type Dimension =
  | { readonly path: string; readonly kind: 'choice'; readonly values: readonly string[] }
  | {
      readonly path: string
      readonly kind: 'range'
      readonly low: number
      readonly high: number
      /** Of whole numbers. */
      readonly whole: boolean
      /** Evenly in the logarithm: where the ends are ten times apart or more. */
      readonly logarithmic: boolean
    }

const rangeWord = /^(-?[\d.]+(?:e[-+]?\d+)?)\.\.(-?[\d.]+(?:e[-+]?\d+)?)$/i

/** Whether a word may be one that a search varies: what it says is a range, or several values. */
export const mayVary = (word: string): boolean => {
  const at = word.indexOf('=')
  return at > 0 && (word.includes('..') || alternativesOf(word.slice(at + 1)).length > 1)
}

/**
 * What a word lets a search choose; nothing where it is a value as it stands, as a list or names with commas are.
 *
 * @throws UsageError for a range or values that the setting does not take; SettingsError for a setting that there is not
 */
export function dimensionOf(word: string, catalog: SettingCatalog): Dimension | undefined {
  const at = word.indexOf('=')
  const [path, text] = [word.slice(0, at), word.slice(at + 1)]
  const setting = findSetting(path, word, 'command line', catalog)
  if (takes(setting, text, catalog)) return undefined
  const [, from, to] = rangeWord.exec(text) ?? []
  if (from !== undefined && to !== undefined) return rangeOf(path, word, Number(from), Number(to), setting, catalog)
  const values = alternativesOf(text)
  if (values.length < 2) return undefined // what is wrong with it is told with the settings
  for (const value of values) {
    if (takes(setting, value, catalog)) continue
    throw new UsageError(
      `${short(word)}: expected of each value ${setting.expects}, got '${short(value)}'. Try ${path}=${setting.example},…`,
    )
  }
  const twice = values.find((value, index) => values.indexOf(value) !== index)
  if (twice !== undefined) throw new UsageError(`${short(word)}: '${twice}' is there twice. Leave one out.`)
  return { path, kind: 'choice', values }
}

function rangeOf(
  path: string,
  word: string,
  low: number,
  high: number,
  setting: Setting,
  catalog: SettingCatalog,
): Dimension {
  if (!(low < high)) {
    throw new UsageError(
      `${short(word)}: expected a range from the smaller to the larger number. Try ${path}=${high}..${low}`,
    )
  }
  for (const end of [low, high]) {
    if (takes(setting, String(end), catalog)) continue
    throw new UsageError(
      `${short(word)}: expected of both ends ${setting.expects}, got ${end}. Several values stand with commas, as in ${path}=${setting.example},…`,
    )
  }
  const middle = low + (high - low) * 0.4142 // no whole number, but where one is far from it
  const whole = !takes(setting, String(Math.floor(middle) + 0.5), catalog)
  return { path, kind: 'range', low, high, whole, logarithmic: low > 0 && high / low >= 10 }
}

/** Whether one of the choices of a setting takes a text. */
function takes({ path, schema }: Setting, text: string, { choices }: SettingCatalog): boolean {
  const choice = choices.get(path.slice(0, path.indexOf('.')))
  const schemas =
    choice === undefined
      ? [schema]
      : Object.values(choice.settings)
          .flat()
          .flatMap((setting) => (setting.path === path ? [setting.schema] : []))
  return schemas.some((each) => each.safeParse(text).success || each.safeParse(parsed(text)).success)
}

/** A number, a list, true, false or null; else the text. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** Values with commas between them, of which none is inside of brackets. */
function alternativesOf(text: string): readonly string[] {
  const values: string[] = []
  let [depth, value] = [0, '']
  for (const character of text) {
    if ('[{'.includes(character)) depth++
    if (']}'.includes(character)) depth--
    if (character === ',' && depth === 0) {
      values.push(value.trim())
      value = ''
    } else value += character
  }
  return [...values, value.trim()]
}

/** How many trials there can be; infinite with a range of numbers. */
export const sizeOf = (space: readonly Dimension[]): number =>
  space.reduce(
    (all, each) =>
      all *
      (each.kind === 'choice' ? each.values.length : each.whole ? each.high - each.low + 1 : Number.POSITIVE_INFINITY),
    1,
  )

/**
 * What the trials of a search set, no two of them the same: all combinations where there are no more of them than trials, else drawn at random.
 * A trial depends on the key and its own number, and on those before it only in that it is another one.
 */
export function drawTrials(space: readonly Dimension[], count: number, key: Key): readonly (readonly string[])[] {
  if (sizeOf(space) <= count) return combinationsOf(space)
  const trials: string[][] = []
  const seen = new Set<string>()
  for (let number = 0; trials.length < count; number++) {
    const words = space.map((dimension, at) => `${dimension.path}=${draw(dimension, key.fold(number).fold(at))}`)
    if (seen.has(words.join(' '))) continue
    seen.add(words.join(' '))
    trials.push(words)
  }
  return trials
}

function combinationsOf(space: readonly Dimension[]): string[][] {
  return space.reduce<string[][]>(
    (words, dimension) => {
      const values =
        dimension.kind === 'choice'
          ? dimension.values
          : Array.from({ length: dimension.high - dimension.low + 1 }, (_, at) => String(dimension.low + at))
      return words.flatMap((before) => values.map((value) => [...before, `${dimension.path}=${value}`]))
    },
    [[]],
  )
}

function draw(dimension: Dimension, key: Key): string {
  if (dimension.kind === 'choice') return itemAt(dimension.values, random.integer(key, dimension.values.length))
  const { low, high, whole, logarithmic } = dimension
  const share = itemAt(random.uniformValues(key, 1), 0)
  // Whole numbers are halves wider at both ends, so that each comes as often.
  const [from, to] = whole ? [low - 0.5, high + 0.5] : [low, high]
  const value = logarithmic ? from * (to / from) ** share : from + (to - from) * share
  return String(whole ? Math.min(high, Math.max(low, Math.round(value))) : Number(value.toPrecision(3)))
}
