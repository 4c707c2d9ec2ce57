import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import {
  builtIn,
  type Config,
  presets,
  resolveConfig,
  type SettingCatalog,
  SettingsError,
  settingCatalog,
} from '@ddnet/experiment'
import { readArguments } from '../config/read-entries.ts'
import { UsageError } from '../errors.ts'
import type { Io } from '../terminal/io.ts'

/**
 * The settings of data that a command names: `cifar10`, `fashionMnist=./clothes`, `masks=./cells`, `photos` or `folder=photos`.
 *
 * @throws UsageError for what is neither a data set nor a folder, and for a data set without the folder that it needs
 */
export function namedData(name: string, settings: readonly string[], { cwd }: Pick<Io, 'cwd'>): Config {
  const all = settingCatalog(builtIn)
  const names = dataWithClasses(all)
  const [, data = name, directory] = /^(\w+)=([\s\S]+)$/.exec(name) ?? []
  if (data === 'masks' && directory !== undefined) {
    const folder = folderOf(directory, cwd, names)
    return resolveConfig(
      [readArguments(['preset=masks', 'data=masks', `data.directory=${folder}`, ...settings], all)],
      'masks',
      all,
    ).config
  }
  const resolved = (words: readonly string[]) =>
    resolveConfig([readArguments([...words, ...settings], all)], 'ddnet', all).config
  if (!names.includes(data)) return resolved(['data=folder', `data.directory=${folderOf(name, cwd, names)}`])
  if (directory !== undefined) return resolved([`data=${data}`, `data.directory=${directory}`])
  try {
    return resolved([`data=${data}`])
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error
    throw new UsageError(`${data} needs the folder of its files. Try ${data}=./${data}`, { cause: error })
  }
}

/** Data whose images have a class each, and that are no folder of the user's. */
const dataWithClasses = ({ registry }: SettingCatalog): string[] =>
  registry.flatMap((each) =>
    each.kind === 'data' && each.name !== 'folder' && presets[each.preset ?? 'ddnet']['task'] === 'classification'
      ? [each.name]
      : [],
  )

function folderOf(name: string, cwd: string, names: readonly string[]): string {
  const folder = name.replace(/^folder=/, '')
  if (existsSync(resolve(cwd, folder))) return folder
  throw new UsageError(
    `'${name}' is neither a data set nor a folder that is here: expected ${names.join(', ')}, masks=PATH or the path of a folder.`,
  )
}

/** The folder of `data=folder` and `data=masks`. */
export const directoryOf = ({ data }: { readonly data: { readonly options: object } }): string =>
  (data.options as { readonly directory: string }).directory // checked with the settings
