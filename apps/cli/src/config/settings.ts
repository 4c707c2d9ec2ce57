import { z } from 'zod'
import { configSchema, type SettingInfo, settingInfo } from './schema.ts'

/** One setting: a path in the configuration that holds a value and not a group. */
export interface Setting extends SettingInfo {
  /** As on the command line: `optimizer.learningRate`. */
  readonly path: string
  /** As in the environment: `DDNET_OPTIMIZER_LEARNING_RATE`. */
  readonly variable: string
  readonly schema: z.ZodType
}

/** A group whose settings depend on its `name`, as `optimizer` has other settings for `sgd` than for `adam`. */
export interface Variants {
  readonly names: readonly string[]
  /** The settings under each name, without `name` itself. */
  readonly settings: Readonly<Record<string, readonly Setting[]>>
}

export interface Settings {
  /** Every setting in the order of the schema; of settings that several variants share, the first variant's. */
  readonly byPath: ReadonlyMap<string, Setting>
  readonly byVariable: ReadonlyMap<string, Setting>
  /** Groups with variants, by path. */
  readonly variants: ReadonlyMap<string, Variants>
  /** Paths of all groups. */
  readonly groups: ReadonlySet<string>
}

/** Reads all settings off the schema, so that nothing about them is written twice. */
export function readSettings(): Settings {
  const byPath = new Map<string, Setting>()
  const variants = new Map<string, Variants>()
  const groups = new Set<string>()

  const add = (setting: Setting): Setting => {
    if (!byPath.has(setting.path)) byPath.set(setting.path, setting)
    return setting
  }
  for (const [key, schema] of Object.entries<z.ZodType>(configSchema.shape)) {
    if (schema instanceof z.ZodDiscriminatedUnion) {
      groups.add(key)
      const options = schema.options as readonly z.ZodObject<{ name: z.ZodLiteral<string> }>[]
      const names = options.map(({ shape }) => shape.name.value)
      const info = { expects: `one of ${names.join(', ')}`, example: names[0] as string, about: `Which ${key}` }
      add({ path: `${key}.name`, variable: variableOf(`${key}.name`), schema: z.enum(names as [string]), ...info })
      const settings = options.map(({ shape }) =>
        Object.entries<z.ZodType>(shape)
          .filter(([name]) => name !== 'name')
          .map(([name, leaf]) => add(describe(`${key}.${name}`, leaf))),
      )
      variants.set(key, { names, settings: Object.fromEntries(names.map((name, at) => [name, settings[at] ?? []])) })
    } else if (schema instanceof z.ZodObject) {
      groups.add(key)
      for (const [name, leaf] of Object.entries<z.ZodType>(schema.shape)) add(describe(`${key}.${name}`, leaf))
    } else add(describe(key, schema))
  }
  const byVariable = new Map([...byPath.values()].map((setting) => [setting.variable, setting]))
  return { byPath, byVariable, variants, groups }
}

function describe(path: string, schema: z.ZodType): Setting {
  const info = settingInfo.get(schema)
  if (info === undefined) throw new Error(`schema.ts: ${path} has no description. Make it with setting(…).`)
  return { path, variable: variableOf(path), schema, ...info }
}

/** `optimizer.learningRate` → `DDNET_OPTIMIZER_LEARNING_RATE` */
export const variableOf = (path: string): string =>
  `DDNET_${path
    .replace(/[A-Z]/g, (letter) => `_${letter}`)
    .replace('.', '_')
    .toUpperCase()}`
