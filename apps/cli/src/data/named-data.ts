import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { builtIn, type Config, resolveConfig, settingCatalog } from '@ddnet/experiment'
import { readArguments } from '../config/read-entries.ts'
import { UsageError } from '../errors.ts'
import type { Io } from '../terminal/io.ts'

/**
 * The settings of data that a command names: `cifar10`, `photos` or `folder=photos`.
 *
 * @throws UsageError for what is neither a data set nor a folder
 */
export function namedData(name: string, settings: readonly string[], { cwd }: Pick<Io, 'cwd'>): Config {
  const words = name === 'cifar10' ? ['data=cifar10'] : ['data=folder', `data.directory=${folderOf(name, cwd)}`]
  const all = settingCatalog(builtIn)
  return resolveConfig([readArguments([...words, ...settings], all)], 'ddnet', all).config
}

function folderOf(name: string, cwd: string): string {
  const folder = name.replace(/^folder=/, '')
  if (existsSync(resolve(cwd, folder))) return folder
  throw new UsageError(
    `'${name}' is neither a data set nor a folder that is here: expected cifar10 or the path of a folder.`,
  )
}

/** The folder of `data=folder`. */
export const directoryOf = ({ data }: Pick<Config, 'data'>): string => data.options['directory'] as string // checked with the settings
