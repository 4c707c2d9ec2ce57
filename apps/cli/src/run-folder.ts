import { existsSync } from 'node:fs'
import { mkdir, readdir, stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Entry } from './config/entry.ts'
import { nearest } from './config/nearest.ts'
import { readConfigFile } from './config/read-entries.ts'
import { type Resolved, resolveConfig } from './config/resolve.ts'
import type { Config } from './config/schema.ts'
import type { Settings } from './config/settings.ts'
import { toYaml } from './config/to-yaml.ts'
import { CliError, UsageError } from './errors.ts'
import { makeFolder, write } from './files.ts'

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
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
  }
}

/** Beside the command: built it is in `dist`, else in `src`. */
const schemaPath = fileURLToPath(new URL('../config.schema.json', import.meta.url))

/** The settings, with the schema by which editors check them when somebody copies the file for a run of their own. */
export const writeConfig = (folder: RunFolder, { config, places }: Resolved): Promise<void> =>
  write(folder.config, `# yaml-language-server: $schema=${schemaPath}\n${toYaml(config, (path) => places.get(path))}`)

export interface OpenedRun {
  readonly folder: RunFolder
  /** What config.yaml says. */
  readonly entries: readonly Entry[]
  readonly config: Config
}

/**
 * The folder of an earlier run and its configuration.
 *
 * @throws CliError when there is no such run or its configuration cannot be read
 */
export async function openRun(cwd: string, path: string, settings: Settings): Promise<OpenedRun> {
  const folder = runFolder(cwd, path.replace(/(.)[/\\]+$/, '$1'))
  if (!existsSync(folder.config)) throw new CliError(await notARun(cwd, folder.path))
  try {
    const entries = await readConfigFile(folder.config, settings)
    return { folder, entries, config: resolveConfig([entries], 'ddnet', settings).config }
  } catch (error) {
    // The file is ours, so that it cannot be read is not a matter of usage.
    if (!(error instanceof UsageError)) throw error
    throw new CliError(`the run ${folder.path} cannot be read: ${error.message}`, undefined, { cause: error })
  }
}

async function notARun(cwd: string, path: string): Promise<string> {
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
