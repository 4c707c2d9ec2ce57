import { z } from 'zod'

/** What people read about a setting. */
export interface SettingInfo {
  readonly about: string
  /** What a value must be, as in "expected a whole number above 0". */
  readonly expects: string
  readonly example: string
  /** A path of the file system, in which `~` is the user's folder. */
  readonly isPath?: boolean
  /** What runs had that were saved before there was this setting. Without it such a run is not whole. */
  readonly before?: unknown
}

/** What a few settings have besides. */
export type SettingOptions = Pick<SettingInfo, 'isPath' | 'before'>

/** The description of every setting's schema that was made by `setting`. */
const described: z.core.$ZodRegistry<SettingInfo> = z.registry<SettingInfo>()

/**
 * A schema with what people read about it: in errors, in `ddnet config --explain`, in the JSON schema and on the page of settings.
 *
 * @param expects what a value must be, as in "a whole number above 0"
 * @param example a value that can be copied
 * @param options.isPath of the file system, in which `~` is the user's folder
 * @param options.before of a setting that is added: what it is in runs that were saved without it. It is what they were trained with, whatever
 *   the default is today
 * @example setting(z.int().positive().default(3), 'a whole number above 0', 3, 'Blocks of the network')
 */
export function setting<T extends z.ZodType>(
  schema: T,
  expects: string,
  example: unknown,
  about: string,
  options: SettingOptions = {},
): T {
  if ('before' in options && !schema.safeParse(options.before).success) {
    throw new Error(
      `setting: expected before to be ${expects}, as '${about}' takes it, got ${JSON.stringify(options.before)}.`,
    )
  }
  const text = typeof example === 'object' && example !== null ? JSON.stringify(example) : String(example)
  described.add(schema, { ...options, about, expects, example: text })
  return schema
}

/** What `setting` said of a schema; of one made by zod alone, what can be read off it. */
export function infoOf(schema: z.ZodType, key: string): SettingInfo {
  const known = described.get(schema)
  if (known !== undefined) return known
  const json = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' })
  const { success, data } = schema.safeParse(undefined)
  const example = success && data !== null ? data : sampleOf(json)
  return {
    about: schema.description ?? `${key[0]?.toUpperCase()}${key.slice(1)}`,
    expects: expectationOf(json),
    example: typeof example === 'string' ? example : JSON.stringify(example),
  }
}

type Json = z.core.JSONSchema.BaseSchema

function expectationOf(schema: Json): string {
  const { type, minimum, exclusiveMinimum, maximum, exclusiveMaximum, enum: names, const: only } = schema
  if (names !== undefined) return `one of ${names.join(', ')}`
  if (only !== undefined) return JSON.stringify(only)
  const some = schema.anyOf ?? schema.oneOf
  if (some !== undefined) return some.map((each) => expectationOf(each)).join(', or ')
  if (type === 'null') return 'null'
  if (type === 'boolean') return 'true or false'
  if (type === 'string') return 'a text'
  if (type === 'array') {
    const { items } = schema
    return typeof items === 'object' && !Array.isArray(items) ? `a list, each ${expectationOf(items)}` : 'a list'
  }
  if (type !== 'number' && type !== 'integer') return 'a value'
  const isSafe = (bound: unknown) => typeof bound === 'number' && Math.abs(bound) !== Number.MAX_SAFE_INTEGER
  const bounds = [
    ...(isSafe(minimum) ? [`of at least ${minimum}`] : []),
    ...(isSafe(exclusiveMinimum) ? [`above ${exclusiveMinimum}`] : []),
    ...(isSafe(maximum) ? [`of at most ${maximum}`] : []),
    ...(isSafe(exclusiveMaximum) ? [`below ${exclusiveMaximum}`] : []),
  ]
  return [type === 'integer' ? 'a whole number' : 'a number', bounds.join(' and ')].join(' ').trim()
}

const sampleOf = ({ type, minimum, exclusiveMinimum, enum: names }: Json): unknown =>
  names?.[0] ??
  (type === 'boolean'
    ? true
    : type === 'string'
      ? 'text'
      : type === 'array'
        ? [1]
        : (minimum ?? Number(exclusiveMinimum ?? 0) + 1))

// The kinds that come again and again.

export const oneOf = <const T extends readonly [string, ...string[]]>(
  names: T,
  start: NoInfer<T[number]>,
  about: string,
  options?: SettingOptions,
): z.ZodDefault<z.ZodEnum<{ [Name in T[number]]: Name }>> =>
  setting(z.enum(names).default(start), `one of ${names.join(', ')}`, start, about, options)

export const count = (start: number, about: string, options?: SettingOptions): z.ZodDefault<z.ZodInt> =>
  setting(z.int().positive().default(start), 'a whole number above 0', start, about, options)

export const counts = (start: readonly number[], about: string): z.ZodDefault<z.ZodArray<z.ZodInt>> =>
  setting(
    z
      .array(z.int().positive())
      .min(1)
      .default([...start]),
    'a list of whole numbers above 0',
    `[${start}]`,
    about,
  )

export const positive = (start: number, about: string, options?: SettingOptions): z.ZodDefault<z.ZodNumber> =>
  setting(z.number().positive().default(start), 'a number above 0', start, about, options)

export const share = (start: number, about: string, options?: SettingOptions): z.ZodDefault<z.ZodNumber> =>
  setting(z.number().min(0).max(1).default(start), 'a number from 0 to 1', start, about, options)

/** A decay rate or a share that must leave something: 1 would never forget. */
export const belowOne = (
  start: number,
  about: string,
  options?: SettingOptions & { readonly example?: number },
): z.ZodDefault<z.ZodNumber> =>
  setting(
    z.number().min(0).lt(1).default(start),
    'a number from 0 to below 1',
    options?.example ?? start,
    about,
    options,
  )

export const notNegative = (
  start: number,
  about: string,
  options?: SettingOptions & { readonly example?: number },
): z.ZodDefault<z.ZodNumber> =>
  setting(z.number().min(0).default(start), 'a number of at least 0', options?.example ?? start, about, options)

export const flag = (start: boolean, about: string, options?: SettingOptions): z.ZodDefault<z.ZodBoolean> =>
  setting(z.boolean().default(start), 'true or false', start, about, options)

/** Dotted names of parameters or modules, in which `*` stands for any characters. */
export const patterns = (
  example: string,
  about: string,
): z.ZodDefault<z.ZodNullable<z.ZodUnion<readonly [z.ZodString, z.ZodArray<z.ZodString>]>>> =>
  setting(
    z
      // A list on a command line is none of a text.
      .union([z.string().regex(/^[^[\]{}'"]+$/), z.array(z.string().min(1)).min(1)])
      .nullable()
      .default(null),
    'names with commas or as a list, in which * stands for any characters, or null',
    example,
    about,
    { before: null },
  )
