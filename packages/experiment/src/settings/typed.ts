import type { Cifar10Settings, FolderSettings } from '../built-in/data.ts'
import type { DDNetSettings } from '../built-in/models.ts'
import type { AdamSettings, SgdSettings } from '../built-in/optimizers.ts'
import type { CosineSettings, OneCycleSettings, StepDecaySettings } from '../built-in/schedules.ts'
import type { ClassificationSettings, ReconstructionSettings } from '../built-in/tasks.ts'
import type { GeneralSettings } from './general.ts'

/** Options by the keys of settings: `channels` of a model is `model.channels`. */
export type Prefixed<Prefix extends string, Options> = {
  readonly [Key in keyof Options & string as `${Prefix}.${Key}`]?: Options[Key]
}

type Flat<T> = Prefixed2<T> & { readonly [Key in keyof T as T[Key] extends object ? never : Key]?: T[Key] }
type Prefixed2<T> = UnionToIntersection<
  { [Key in keyof T & string]: T[Key] extends object ? Prefixed<Key, T[Key]> : never }[keyof T & string]
>
type UnionToIntersection<U> = (U extends unknown ? (each: U) => void : never) extends (all: infer All) => void
  ? All
  : never

/** The path of a file with a definition of one's own. */
type OwnFile = `${'.' | '/' | '~'}${string}`

/**
 * What a file of settings may say: any of them, with the keys of the command line. Those of a definition of one's own are not known
 * here, and are checked when the file is read.
 */
export type Settings = Flat<GeneralSettings> & {
  readonly task?: 'classification' | 'reconstruction' | OwnFile
  readonly data?: 'cifar10' | 'folder' | OwnFile
  readonly model?: 'ddnet' | 'article' | 'convnet' | OwnFile
  readonly optimizer?: 'adam' | 'adamW' | 'sgd'
  readonly schedule?: 'oneCycle' | 'constant' | 'cosine' | 'stepDecay'
} & Prefixed<'task', ClassificationSettings & ReconstructionSettings> &
  Prefixed<'data', Cifar10Settings & FolderSettings> &
  Prefixed<'model', DDNetSettings> &
  Prefixed<'optimizer', AdamSettings & SgdSettings> &
  Prefixed<'schedule', OneCycleSettings & CosineSettings & StepDecaySettings>
