import type { z } from 'zod'
import type { BuiltIn } from '../built-in/registry.ts'
import type { GeneralSettings } from './general.ts'
import type { Kind } from './kinds.ts'

type OptionsOf<D extends BuiltIn> = D extends unknown ? z.output<D['options']> : never
type KeysOf<Options> = Options extends unknown ? keyof Options & string : never
type ValueOf<Options, Key extends string> = Options extends { readonly [K in Key]: infer Value } ? Value : never

/** What comes with DDNet of a kind. */
type Of<K extends Kind> = Extract<BuiltIn, { readonly kind: K }>

/** The options of all of a kind by the keys of settings: `channels` of a model is `model.channels`. */
type OptionSettings<K extends Kind, Options = OptionsOf<Of<K>>> = {
  readonly [Key in KeysOf<Options> as `${K}.${Key}`]?: ValueOf<Options, Key>
}

/** All general settings by path. */
export type FlatGeneralSettings = Flat<GeneralSettings>

type Flat<T> = Groups<T> & { readonly [Key in keyof T as T[Key] extends object ? never : Key]?: T[Key] }
type Groups<T> = UnionToIntersection<
  { [Key in keyof T & string]: T[Key] extends object ? Prefixed<Key, T[Key]> : never }[keyof T & string]
>
type Prefixed<Prefix extends string, Options> = {
  readonly [Key in keyof Options & string as `${Prefix}.${Key}`]?: Options[Key]
}
type UnionToIntersection<U> = (U extends unknown ? (each: U) => void : never) extends (all: infer All) => void
  ? All
  : never

/** The path of a file with a definition of one's own. */
type OwnFile = `${'.' | '/' | '~'}${string}`

/**
 * What a file of settings may say: any of them, with the keys of the command line. Those of a definition of one's own are not known
 * here, and are checked when the file is read.
 */
export type Settings = FlatGeneralSettings & {
  readonly [K in Kind]?: Of<K>['name'] | (K extends 'task' | 'data' | 'model' ? OwnFile : never)
} & OptionSettings<'task'> &
  OptionSettings<'data'> &
  OptionSettings<'model'> &
  OptionSettings<'optimizer'> &
  OptionSettings<'schedule'>
