import { itemAt } from '@ddnet/ops/checks'
import { z } from 'zod'
import type { AnyDefinition, DefinitionOf, Registry } from '../definitions.ts'
import { placeOfChoices } from './config.ts'
import { generalSettings } from './general.ts'
import { type Kind, kinds } from './kinds.ts'
import { infoOf, type SettingInfo } from './setting.ts'

/** One setting: a key that holds a value. */
export interface Setting extends SettingInfo {
  /** As on the command line: `optimizer.learningRate`. */
  readonly path: string
  /** As in the environment: `DDNET_OPTIMIZER_LEARNING_RATE`. */
  readonly variable: string
  readonly schema: z.ZodType
}

/** A part of an experiment that is chosen by name, as `optimizer=sgd`; each choice has settings of its own. */
export interface Choice {
  readonly names: readonly string[]
  readonly definitions: Readonly<Record<string, AnyDefinition>>
  /** The settings under each name. */
  readonly settings: Readonly<Record<string, readonly Setting[]>>
}

/** All settings that there are under a registry. */
export interface SettingCatalog {
  readonly registry: Registry
  /**
   * Every setting in the order in which they are shown; of settings that several choices share, that of a definition of the user's own, which is
   * there because it was chosen, else the first one's.
   */
  readonly byPath: ReadonlyMap<string, Setting>
  readonly byVariable: ReadonlyMap<string, Setting>
  readonly choices: ReadonlyMap<string, Choice>
  /** What stands before the dot in a setting's path. */
  readonly groups: ReadonlySet<string>
}

/**
 * Reads all settings off the definitions, so that nothing about them is written twice.
 *
 * @throws Error for two definitions of one kind and name, and for options that are not a zod object
 */
export function settingCatalog(registry: Registry): SettingCatalog {
  const byPath = new Map<string, Setting>()
  const choices = new Map<string, Choice>()
  const groups = new Set<string>()
  const add = (setting: Setting, isOwn = false): Setting => {
    if (isOwn || !byPath.has(setting.path)) byPath.set(setting.path, setting)
    return setting
  }
  for (const [key, schema] of Object.entries<z.ZodType>(generalSettings.shape)) {
    if (schema instanceof z.ZodObject) {
      groups.add(key)
      for (const [name, leaf] of Object.entries<z.ZodType>(schema.shape)) add(settingOf(`${key}.${name}`, leaf))
    } else add(settingOf(key, schema))
    if (key !== placeOfChoices) continue
    for (const kind of kinds) {
      groups.add(kind)
      choices.set(kind, choiceOf(kind, registry, add))
    }
  }
  const byVariable = new Map([...byPath.values()].map((setting) => [setting.variable, setting]))
  return { registry, byPath, byVariable, choices, groups }
}

function choiceOf(kind: Kind, registry: Registry, add: (setting: Setting, isOwn?: boolean) => Setting): Choice {
  const definitions: Record<string, AnyDefinition> = {}
  for (const definition of registry) {
    if (definition.kind !== kind) continue
    if (Object.hasOwn(definitions, definition.name)) {
      throw new Error(`there are two definitions of the ${kind} '${definition.name}'. Rename one of them.`)
    }
    definitions[definition.name] = definition
  }
  const names = Object.keys(definitions)
  const own = ownFile[kind]
  add({
    path: kind,
    variable: variableOf(kind),
    schema: z.enum(names),
    about: abouts[kind],
    expects: `one of ${names.join(', ')}${own === undefined ? '' : `, or ${own}`}`,
    example: itemAt(names, 0),
  })
  const settings = Object.fromEntries(
    Object.values(definitions).map((definition) => [
      definition.name,
      Object.entries(shapeOf(definition)).map(([key, schema]) =>
        add(settingOf(`${kind}.${key}`, schema), definition.ownName !== undefined),
      ),
    ]),
  )
  return { names, definitions, settings }
}

const abouts: Readonly<Record<Kind, string>> = {
  task: 'What the model is trained for',
  data: 'Which data',
  model: 'Which model',
  optimizer: 'Which optimizer',
  schedule: 'How the learning rate goes',
}

/** Of the kinds of which a user can bring their own in a file. */
const ownFile: Partial<Readonly<Record<Kind, string>>> = {
  task: 'the path of a file, ./my-task.ts',
  data: 'the path of a file, ./my-data.ts',
  model: 'the path of a file, ./my-model.ts',
}

function shapeOf({ kind, name, options }: AnyDefinition): Record<string, z.ZodType> {
  if (options instanceof z.ZodObject) return options.shape
  throw new Error(
    `the options of the ${kind} '${name}' are not a zod object. Write options: z.strictObject({ … }), with z of @ddnet/experiment`,
  )
}

const settingOf = (path: string, schema: z.ZodType): Setting => ({
  path,
  variable: variableOf(path),
  schema,
  ...infoOf(schema, path.slice(path.indexOf('.') + 1)),
})

/** `optimizer.learningRate` → `DDNET_OPTIMIZER_LEARNING_RATE` */
const variableOf = (path: string): string =>
  `DDNET_${path
    .replace(/[A-Z]/g, (letter) => `_${letter}`)
    .replace('.', '_')
    .toUpperCase()}`

/**
 * The definition of a kind and name.
 *
 * @throws Error where the registry has none, which settings that were resolved by it never name
 */
export function definitionOf<K extends Kind>(registry: Registry, kind: K, name: string): DefinitionOf<K> {
  const found = registry.find((each): each is DefinitionOf<K> => each.kind === kind && each.name === name)
  if (found !== undefined) return found
  const names = registry.filter((each) => each.kind === kind).map((each) => each.name)
  throw new Error(`there is no ${kind} '${name}'. There are: ${names.join(', ')}.`)
}
