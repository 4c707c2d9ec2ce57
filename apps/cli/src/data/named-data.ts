import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { builtIn, type Config, resolveConfig, type SettingCatalog, settingCatalog } from '@ddnet/experiment'
import { readArguments } from '../config/read-entries.ts'
import { UsageError } from '../errors.ts'
import type { Io } from '../terminal/io.ts'

/**
 * The settings of data that a command names: `cifar10`, `mnist`, `photos` or `folder=photos`.
 *
 * @throws UsageError for what is neither a data set nor a folder
 */
export function namedData(name: string, settings: readonly string[], { cwd }: Pick<Io, 'cwd'>): Config {
  const all = settingCatalog(builtIn)
  const words = isNamed(name, all) ? [`data=${name}`] : ['data=folder', `data.directory=${folderOf(name, cwd)}`]
  return resolveConfig([readArguments([...words, ...settings], all)], 'ddnet', all).config
}

/** Data that is had without a folder of the user's. */
const isNamed = (name: string, { choices }: SettingCatalog): boolean =>
  name !== 'folder' && (choices.get('data')?.names.includes(name) ?? false)

function folderOf(name: string, cwd: string): string {
  const folder = name.replace(/^folder=/, '')
  if (existsSync(resolve(cwd, folder))) return folder
  throw new UsageError(
    `'${name}' is neither a data set nor a folder that is here: expected cifar10, mnist or the path of a folder.`,
  )
}

/** The folder of `data=folder`. */
export const directoryOf = ({ data }: Pick<Config, 'data'>): string => data.options['directory'] as string // checked with the settings
