import { existsSync } from 'node:fs'
import { lstat, mkdir, readdir, stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import {
  flatSettings,
  nearest,
  type Resolved,
  type SavedSettings,
  type SettingCatalog,
  SettingsError,
  savedSettings,
  settingsFormat,
} from '@ddnet/experiment'
import { errorCode } from '@ddnet/ops/checks'
import { listCheckpoints } from '@ddnet/trainer/node'
import { catalogOfRun } from '../config/own-definitions.ts'
import { parseYaml } from '../config/read-entries.ts'
import { toYaml } from '../config/to-yaml.ts'
import { CliError } from '../errors.ts'
import { makeFolder, readText, writeWhole } from '../files.ts'
import { installedPath } from '../installation.ts'
import { printable } from '../terminal/printable.ts'
import { restore } from './check-record.ts'

const schemaPath = installedPath('config.schema.json')

/** Where the parts of a run lie, as absolute paths. */
export interface RunFolder {
  /** The folder as the user would type it. */
  readonly path: string
  readonly config: string
  readonly environment: string
  readonly data: string
  readonly metrics: string
  readonly metricsTable: string
  readonly checkpoints: string
  readonly result: string
  readonly predictions: string
  readonly report: string
  /** Who writes into it. */
  readonly writer: string
}

export function runFolder(cwd: string, path: string): RunFolder {
  const at = (name: string) => resolve(cwd, path, name)
  return {
    path,
    config: at('config.yaml'),
    environment: at('environment.json'),
    data: at('data.json'),
    metrics: at('metrics.jsonl'),
    metricsTable: at('metrics.csv'),
    checkpoints: at('checkpoints'),
    result: at('result.json'),
    predictions: at('predictions.png'),
    report: at('report.html'),
    writer: at('writer.json'),
  }
}

/**
 * Makes `RUNS/NAME`, or `NAME-2`, `NAME-3`, … where that exists: nothing is ever overwritten.
 *
 * @param runs relative to `cwd`
 */
export async function createRunFolder(cwd: string, runs: string, name: string): Promise<RunFolder> {
  await makeFolder(resolve(cwd, runs), runs, 'runs=FOLDER')
  for (let number = 1; ; number++) {
    const path = join(runs, number === 1 ? name : `${name}-${number}`)
    try {
      await mkdir(resolve(cwd, path)) // fails where something has this name, also when two runs start at once
      return runFolder(cwd, path)
    } catch (error) {
      if (errorCode(error) !== 'EEXIST') throw error
    }
  }
}

/**
 * All settings, with the format that they are in, and the schema by which editors check them when somebody copies the file for a
 * run of their own.
 */
export const writeConfig = (
  folder: RunFolder,
  { config, places }: Pick<Resolved, 'config' | 'places'>,
): Promise<void> => {
  const settings = toYaml(flatSettings(config), (path) => printable(places.get(path) ?? ''))
  return writeWhole(
    folder.config,
    `# yaml-language-server: $schema=${schemaPath}\nformat: ${settingsFormat}\n${settings}`,
  )
}

/** The folder that a user names as a run. */
export const folderOfRun = (cwd: string, path: string): RunFolder => runFolder(cwd, path.replace(/(.)[/\\]+$/, '$1'))

/**
 * The folder of an earlier run and its configuration.
 *
 * @throws CliError when there is no such run or its configuration cannot be read
 */
export async function openRun(cwd: string, path: string): Promise<SavedSettings & { readonly folder: RunFolder }> {
  const folder = folderOfRun(cwd, path)
  const content = await readConfigOf(folder)
  if (content === undefined) throw new CliError(await notARun(cwd, folder.path))
  return { folder, ...(await checkedConfig(folder, content, await catalogOfRun([content], cwd))) }
}

/**
 * What the `config.yaml` of a run says; nothing where it has none.
 *
 * @throws CliError where it cannot be read
 */
export const readConfigOf = (folder: RunFolder): Promise<unknown> =>
  asRun(folder, async () => {
    const text = await readText(folder.config)
    return text === undefined ? undefined : parseYaml(text, folder.config)
  })

/** @throws CliError where it lacks a setting, or has one that there is not */
export const checkedConfig = (folder: RunFolder, content: unknown, catalog: SettingCatalog): Promise<SavedSettings> =>
  asRun(folder, async () => savedSettings(content, folder.config, catalog))

/** The file is ours, so that it cannot be read is not a matter of usage. */
async function asRun<T>(folder: RunFolder, read: () => Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error
    const remedy = (await hasCheckpoint(folder)) ? ` ${restore(join(folder.path, 'config.yaml'))}` : ''
    const message = error.message.replace(/ Fix it, or write one with .*$/, '')
    throw new CliError(`the run ${folder.path} cannot be read: ${message}${remedy}`, undefined, { cause: error })
  }
}

/** Whether there is anything to go on with. */
export const hasCheckpoint = async ({ checkpoints }: RunFolder): Promise<boolean> =>
  (await listCheckpoints(checkpoints)).length > 0

/**
 * Checks that what is written into a run stays in its folder: its folders are no links. (Files are written beside and renamed, which
 * replaces a link.)
 *
 * @throws CliError naming the link
 */
export async function refuseLinks(folder: RunFolder): Promise<void> {
  const checkpoints = await listCheckpoints(folder.checkpoints)
  for (const path of [folder.checkpoints, ...checkpoints.map(({ name }) => join(folder.checkpoints, name))]) {
    await refuseLink(path, join(folder.path, path.slice(dirname(folder.checkpoints).length + 1)))
  }
}

/**
 * @param name of the folder, as the user would type it
 * @throws CliError for a link in the place of a folder
 */
export async function refuseLink(path: string, name: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined)
  if (found === undefined || found.isDirectory()) return
  const problem = found.isSymbolicLink() ? 'is a link: a run is written in its own folder only' : 'is not a folder'
  throw new CliError(`${name} ${problem}. Put the folder itself in its place, or remove it.`)
}

/** Why a path is no run, and which there are. */
export async function notARun(cwd: string, path: string): Promise<string> {
  const problem = !existsSync(resolve(cwd, path))
    ? `there is no run ${path}`
    : (await stat(resolve(cwd, path))).isDirectory()
      ? `${path} is not a run: it has no config.yaml`
      : `${path} is not a run but a file`
  const runs = await runsIn(cwd, dirname(path))
  if (runs.length === 0) return `${problem}. Train one first: ddnet train cifar10`
  const similar = nearest(basename(path), runs)
  return similar === undefined
    ? `${problem}. There are: ${runs.slice(-5).join(', ')}`
    : `${problem}. Similar: ${join(dirname(path), similar)}`
}

async function runsIn(cwd: string, runs: string): Promise<string[]> {
  try {
    const names = await readdir(resolve(cwd, runs))
    return names.filter((name) => existsSync(resolve(cwd, runs, name, 'config.yaml'))).sort()
  } catch {
    return [] // there is no such folder
  }
}
