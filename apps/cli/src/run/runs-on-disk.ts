import { existsSync } from 'node:fs'
import { mkdir, readdir, stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { nearest, RunFolder, runFiles } from '@ddnet/experiment'
import { errorCode } from '@ddnet/ops/checks'
import { diskStorage } from '@ddnet/trainer/node'
import { makeFolder } from '../files.ts'

/** The folder of a run. @param path as its user types it */
export const runAt = (cwd: string, path: string): RunFolder => {
  const shown = path.replace(/(.)[/\\]+$/, '$1')
  return new RunFolder(diskStorage(resolve(cwd, shown), shown))
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
      return runAt(cwd, path)
    } catch (error) {
      if (errorCode(error) !== 'EEXIST') throw error
    }
  }
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
    return names.filter((name) => existsSync(resolve(cwd, runs, name, runFiles.config))).sort()
  } catch {
    return [] // there is no such folder
  }
}
