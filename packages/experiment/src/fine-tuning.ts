import { type Module, matcherOf } from '@ddnet/layers'
import { type Callback, headFirst } from '@ddnet/trainer'
import type { Config } from './settings/config.ts'
import type { Patterns } from './settings/general.ts'
import { SettingsError } from './settings/settings-error.ts'

/** Names as a list. */
export const patternsOf = (patterns: Patterns | null): readonly string[] =>
  patterns === null
    ? []
    : (typeof patterns === 'string' ? patterns.split(',') : patterns)
        .map((each) => each.trim())
        .filter((each) => each !== '')

/**
 * Freezes what the settings freeze.
 *
 * @throws SettingsError for names that the model does not have, and where nothing is left to train
 */
export function freezeParameters(
  model: Module,
  { freeze, frozenNorms, rates }: Pick<Config, 'freeze' | 'frozenNorms' | 'rates'>,
): void {
  const names = [...model.parameters().keys()]
  for (const pattern of patternsOf(freeze)) {
    expectNamed('freeze', pattern, names)
    model.freeze(pattern)
    // A pattern such as *.bias names no norm.
    const matcher = matcherOf(pattern)
    if (frozenNorms === 'keep' && [...model.buffers().keys()].some((name) => matcher.test(name)))
      model.freezeStatistics(pattern)
  }
  for (const pattern of Object.keys(rates ?? {})) expectNamed('rates', pattern, names)
  if (freeze === null || [...model.parameters().values()].some(({ frozen }) => !frozen)) return
  throw new SettingsError(
    `freeze=${patternsOf(freeze).join(',')} leaves nothing to train. Leave out the head${names.length > 0 ? `, ${names.at(-1)} for one` : ''}.`,
  )
}

function expectNamed(setting: string, pattern: string, names: readonly string[]): void {
  const matcher = matcherOf(pattern)
  if (names.some((name) => matcher.test(name))) return
  const parts = [...new Set(names.map((name) => name.split('.')[0]))]
  throw new SettingsError(
    `${setting}: '${pattern}' names nothing of the model. Its parts are ${parts.slice(0, 10).join(', ')}${parts.length > 10 ? ', …' : ''}, and its parameters ${names.slice(0, 2).join(', ')} and so on.`,
  )
}

/** The factor of the learning rate of a parameter. */
export function rateOf(rates: Readonly<Record<string, number>>): (path: string) => number {
  const factors = Object.entries(rates).map(([pattern, factor]) => ({ matcher: matcherOf(pattern), factor }))
  return (path) => factors.findLast(({ matcher }) => matcher.test(path))?.factor ?? 1
}

/** What trains the head first, where the settings say so. */
export function fineTuningCallbacks(
  model: Module,
  { headFirst: epochs, frozenNorms, model: { definition } }: Pick<Config, 'headFirst' | 'frozenNorms' | 'model'>,
): Callback[] {
  if (epochs === 0) return []
  return [headFirst({ model, head: definition.head ?? [], epochs, statistics: frozenNorms })] // settings without a head were refused
}
