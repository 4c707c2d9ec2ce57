import { resolve } from 'node:path'
import { UsageError } from '../errors.ts'
import type { Io } from '../io.ts'
import type { Entry } from './entry.ts'
import { nearest } from './nearest.ts'
import { readArguments, readConfigFile, readEnvironment } from './read-entries.ts'
import type { BackendWish } from './schema.ts'
import type { Settings } from './settings.ts'

/** What the command line of `train` and `config` says about settings. */
export interface ConfigOptions {
  readonly backend?: string
  readonly config?: string
}

const datasets = ['cifar10']
/** `folder=PATH` names a folder of images. */
const folderWord = /^folder=(.+)$/

/**
 * The layers that decide a configuration, from the strongest to the weakest: command line, environment, file.
 *
 * @param words the data set's name and `key=value` words, in any order
 * @throws UsageError for a word that is neither, and for settings that are wrong
 */
export async function collectLayers(
  words: readonly string[],
  { backend, config }: ConfigOptions,
  { env, cwd }: Pick<Io, 'env' | 'cwd'>,
  settings: Settings,
): Promise<Entry[][]> {
  const names = words.filter((word) => !word.includes('='))
  for (const name of names) if (!datasets.includes(name)) throw unknownWord(name, settings)
  const assignments = words
    .filter((word) => word.includes('='))
    .flatMap((word) => {
      const directory = folderWord.exec(word)?.[1]
      return directory === undefined ? [word] : ['data.name=folder', `data.directory=${directory}`]
    })
  if (names[0] !== undefined) assignments.push(`data.name=${names[0]}`)
  if (backend !== undefined) assignments.push(`backend=${backend}`)
  const layers = [readArguments(assignments, settings), readEnvironment(env, settings)]
  if (config !== undefined) layers.push(await readConfigFile(resolve(cwd, config), settings))
  return layers
}

/** The backend that the strongest layer asks for; no preset does. */
export const wishedBackend = (layers: readonly (readonly Entry[])[]): BackendWish =>
  (layers.flat().find(({ path }) => path === 'backend')?.value as BackendWish | undefined) ?? 'auto'

function unknownWord(word: string, settings: Settings): UsageError {
  const setting = settings.byPath.get(nearest(word, settings.byPath.keys()) ?? '')
  const similar =
    nearest(word, [...datasets, 'folder=PATH']) ??
    (setting === undefined ? undefined : `${setting.path}=${setting.example}`)
  return new UsageError(
    `'${word}' is neither a data set nor a setting (command line): expected ${datasets.join(', ')}, folder=PATH or key=value.${similar === undefined ? '' : ` Similar: ${similar}`}`,
  )
}
