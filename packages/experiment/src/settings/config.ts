import { z } from 'zod'
import type { DefinitionOf } from '../definitions.ts'
import { type GeneralSettings, generalSettings } from './general.ts'
import { type FlatSettings, type Kind, kinds } from './kinds.ts'

/** What was chosen by name: its definition, and its options. */
export interface Chosen<K extends Kind = Kind> {
  /** As settings name it; of a definition in a file of its own, the path of that file. */
  readonly name: string
  readonly definition: DefinitionOf<K>
  readonly options: Readonly<Record<string, unknown>>
}

/** Everything that decides a run. */
export type Config = GeneralSettings & { readonly [K in Kind]: Chosen<K> }

/**
 * Values by path as general settings and choices with their options.
 *
 * @param definitionOf the definition of a kind and name
 */
export function configOf(
  values: ReadonlyMap<string, unknown>,
  definitionOf: <K extends Kind>(kind: K, name: string) => DefinitionOf<K>,
): Config {
  const general: Record<string, unknown> = {}
  const options: Record<Kind, Record<string, unknown>> = { task: {}, data: {}, model: {}, optimizer: {}, schedule: {} }
  for (const [path, value] of values) {
    const [group = '', key] = path.split('.')
    if (isKind(group)) {
      if (key !== undefined) options[group][key] = value
    } else if (key === undefined) general[group] = value
    else general[group] = { ...(general[group] as object | undefined), [key]: value }
  }
  const chosen = <K extends Kind>(kind: K): Chosen<K> => {
    const name = String(values.get(kind))
    return { name, definition: definitionOf(kind, name), options: options[kind] }
  }
  return {
    ...generalSettings.parse(general),
    task: chosen('task'),
    data: chosen('data'),
    model: chosen('model'),
    optimizer: chosen('optimizer'),
    schedule: chosen('schedule'),
  }
}

const isKind = (group: string): group is Kind => (kinds as readonly string[]).includes(group)

/** A configuration as it is written: flat, in the order in which settings are listed. */
export function flatSettings(config: Config): FlatSettings {
  const flat: Record<string, unknown> = {}
  for (const key of Object.keys(generalSettings.shape) as (keyof GeneralSettings)[]) {
    const value = config[key]
    if (generalSettings.shape[key] instanceof z.ZodObject && typeof value === 'object' && value !== null) {
      for (const [name, each] of Object.entries(value)) flat[`${key}.${name}`] = each
    } else flat[key] = value
    if (key !== placeOfChoices) continue
    for (const kind of kinds) {
      flat[kind] = config[kind].name
      for (const [name, each] of Object.entries(config[kind].options)) flat[`${kind}.${name}`] = each
    }
  }
  return flat
}

/** Behind which general setting the parts that are chosen by name come, where settings are listed. */
export const placeOfChoices = 'backend'
