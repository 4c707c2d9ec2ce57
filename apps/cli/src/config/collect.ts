import { existsSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import {
  absentSetting,
  builtIn,
  type Entry,
  nearest,
  type RequestedBackend,
  type SettingCatalog,
  settingCatalog,
  settingMeantBy,
  short,
} from '@ddnet/experiment'
import { UsageError } from '../errors.ts'
import type { Io } from '../terminal/io.ts'
import { catalogWith, chosenIn, ownFilesOf } from './own-definitions.ts'
import { entriesOfFile, readArguments, readConfigContent, readEnvironment } from './read-entries.ts'

/** What the command line of `train` and `config` says about settings. */
export interface ConfigOptions {
  readonly backend?: string
  readonly config?: string
}

/** `folder=PATH` names a folder of images, `masks=PATH` one of images and masks, `coco=FILE` COCO's JSON of images. */
const pathWord = /^(folder|masks|coco)=([\s\S]*)$/

/** What decides a configuration, and all settings that there are for it. */
export interface CollectedSettings {
  /** From the strongest to the weakest: command line, environment, file. */
  readonly layers: readonly (readonly Entry[])[]
  /** With the definitions of the user's own that they name. */
  readonly catalog: SettingCatalog
}

/**
 * The settings of a command line, with those of the environment and of a file.
 *
 * @param words a data set (its name, `folder=PATH`, or the path of a folder) and `key=value` words, in any order
 * @throws UsageError for a word that is neither, for two data sets or backends; SettingsError for settings that are wrong
 */
export async function collectSettings(
  words: readonly string[],
  { backend, config }: ConfigOptions,
  { env, cwd }: Pick<Io, 'env' | 'cwd'>,
): Promise<CollectedSettings> {
  const known = settingCatalog(builtIn)
  const sources: { word: string; assignments: readonly string[] }[] = []
  const assignments: string[] = []
  for (const word of words) {
    const source = dataSource(word, cwd, known)
    if (source === undefined) assignments.push(word)
    else sources.push({ word, assignments: source })
  }
  const [first, other] = sources
  if (first !== undefined && other !== undefined)
    throw new UsageError(
      `'${short(first.word)}' and '${short(other.word)}' (command line) are two data sets. Give one of them.`,
    )
  const decided: [string, string][] = (first?.assignments ?? []).map((assignment) => [assignment, first?.word ?? ''])
  if (backend !== undefined) decided.push([`backend=${backend}`, `--backend ${backend}`])
  for (const [assignment, word] of decided) {
    const key = assignment.slice(0, assignment.indexOf('=') + 1)
    const other = assignments.find((each) => each.startsWith(key) && each !== assignment)
    if (other !== undefined)
      throw new UsageError(
        `'${short(word)}' and '${short(other)}' (command line) contradict each other. Give one of them.`,
      )
  }
  assignments.push(...decided.map(([assignment]) => assignment))
  const path = config === undefined ? undefined : resolve(cwd, config)
  const content = path === undefined ? null : await readConfigContent(path)
  const catalog = await catalogWith(
    ownFilesOf((kind) => [
      ...assignments.flatMap((word) => (word.startsWith(`${kind}=`) ? [word.slice(kind.length + 1)] : [])),
      env[`DDNET_${kind.toUpperCase()}`],
      ...chosenIn(content, kind),
    ]),
    cwd,
  )
  const layers = [readArguments(assignments, catalog), readEnvironment(env, catalog)]
  if (path !== undefined) layers.push(entriesOfFile(content, path, catalog))
  return { layers, catalog }
}

/** The settings that a data set stands for; nothing for a word that is a setting. */
function dataSource(word: string, cwd: string, catalog: SettingCatalog): readonly string[] | undefined {
  if (datasetNames(catalog).includes(word)) return [`data=${word}`]
  const [, data, directory] = pathWord.exec(word) ?? []
  if (data !== undefined && directory !== undefined) {
    if (directory.trim() === '')
      throw new UsageError(
        data === 'coco'
          ? 'coco= (command line): expected the path of COCO’s JSON, got nothing. Try coco=./annotations.json'
          : `${data}= (command line): expected the path of a folder, got nothing. Try ${data}=./photos`,
      )
    return [`data=${data}`, `data.${data === 'coco' ? 'annotations' : 'directory'}=${directory}`]
  }
  if (word.includes('=') && !isFolder(resolve(cwd, word))) return undefined
  return folderSettings(folderNamed(word, cwd, catalog))
}

/** Data that is named without a path. */
const datasetNames = ({ choices }: SettingCatalog): string[] =>
  (choices.get('data')?.names ?? []).filter((name) => !['folder', 'masks', 'coco'].includes(name))

const folderSettings = (path: string) => ['data=folder', `data.directory=${path}`]

/** A word without a key is the path of a folder, where there is one. */
function folderNamed(word: string, cwd: string, catalog: SettingCatalog): string {
  const path = resolve(cwd, word)
  if (!existsSync(path) || word.includes('\0')) {
    if (/[/\\]/.test(word) && !word.includes('='))
      throw new UsageError(`there is no folder ${short(word)}. Give the path of a folder of images.`)
    throw unknownWord(word, catalog)
  }
  if (!isFolder(path)) {
    const remedy = /\.(ya?ml|json|[cm]?[jt]s)$/i.test(word)
      ? `Try --config ${word}`
      : 'Give the folder that it lies in.'
    throw new UsageError(`${short(word)} is a file: expected a data set or the path of a folder. ${remedy}`)
  }
  if (existsSync(join(path, 'config.yaml')) && existsSync(join(path, 'checkpoints')))
    throw new UsageError(
      `${short(word)} is a run, and no folder of images. To go on with it: ddnet train --resume ${word}`,
    )
  return word
}

const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false

/** The backend that the strongest layer asks for; no preset does. */
export const requestedBackend = (layers: readonly (readonly Entry[])[]): RequestedBackend =>
  (layers.flat().find(({ path }) => path === 'backend')?.value as RequestedBackend | undefined) ?? 'auto'

function unknownWord(word: string, catalog: SettingCatalog): UsageError {
  const is = `'${short(word)}' is neither a data set nor a setting (command line): expected ${datasetNames(catalog).join(', ')}, folder=PATH or key=value.`
  const meant = settingMeantBy(word, catalog.byPath.keys())
  const reason = meant === undefined ? absentSetting(word) : undefined
  if (reason !== undefined) return new UsageError(`${is} ${reason}.`)
  const setting = catalog.byPath.get(meant ?? nearest(word, catalog.byPath.keys()) ?? '')
  const similar =
    (meant === 'folder' ? 'folder=PATH' : nearest(word, [...datasetNames(catalog), 'folder=PATH'])) ??
    (setting === undefined ? undefined : `${setting.path}=${setting.example}`)
  return new UsageError(`${is}${similar === undefined ? '' : ` Similar: ${similar}`}`)
}
