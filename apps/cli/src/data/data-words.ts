import { type Config, presets } from '@ddnet/experiment'
import { shellWord } from '../terminal/shell-word.ts'

type ChosenData = Pick<Config, 'data'>

/** What names the data of a run on a command line: `mnist`, or `data=folder data.directory=./photos`. */
export function dataWords({ data: { name, definition, options } }: ChosenData): string {
  const { directory } = options
  if (typeof directory === 'string') return `data=${name} data.directory=${shellWord(directory)}`
  // A definition in a file of the user's own is named by its path.
  return definition.ownName === undefined ? name : `data=${shellWord(name)}`
}

/** What makes the full recipe of the data of a run that takes a shorter one, behind `ddnet train`; nothing where it takes that. */
export function fullRecipe({ data, preset }: Pick<Config, 'data' | 'preset'>): string | undefined {
  if (preset !== 'quick' && preset !== 'short') return undefined
  // Who gives epochs takes the recipe that the data name, or else the full one.
  return `epochs=${presets[data.definition.preset ?? 'ddnet']['epochs']}`
}
