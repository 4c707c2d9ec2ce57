import { constants, existsSync } from 'node:fs'
import { copyFile, link, mkdir, readdir, readFile, readlink, realpath, stat, symlink, utimes } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Variant } from '../installations.ts'
import { InstallError } from './install-error.ts'
import { libraries } from './layout.ts'

/** A TensorFlow among somebody's Python packages. */
export interface ExistingTensorFlow {
  /** `…/site-packages/tensorflow`. */
  readonly folder: string
  readonly version: string
  readonly variant: Variant
}

/**
 * Looks at a folder `tensorflow` of Python packages.
 *
 * @throws InstallError if something is missing there
 */
export async function examineExisting(folder: string): Promise<ExistingTensorFlow> {
  for (const file of [...libraries, 'include/tensorflow/c/c_api.h']) {
    if (!existsSync(join(folder, file))) {
      throw new InstallError(
        `'${folder}' is no TensorFlow that can be used: it has no ${file}. Give the folder site-packages/tensorflow of TensorFlow 2.16 or later, or the path of a tfjs_binding.node.`,
      )
    }
  }
  const version = await versionOf(folder)
  return { folder, version, variant: (await isCudaBuild(folder)) ? 'tensorflow' : 'tensorflow-cpu' }
}

/** Whether the TensorFlow in a folder `tensorflow` of Python packages says that it is built with CUDA. */
export async function isCudaBuild(folder: string): Promise<boolean> {
  const build = await readFile(join(folder, 'python/platform/build_info.py'), 'utf8').catch(() => '')
  return /['"]is_cuda_build['"], True/.test(build)
}

async function versionOf(folder: string): Promise<string> {
  for (const name of await readdir(dirname(folder))) {
    const version = /^tensorflow(?:_\w+)?-(\d[\w.]*)\.dist-info$/.exec(name)?.[1]
    if (version !== undefined) return version
  }
  throw new InstallError(
    `'${dirname(folder)}' does not tell TensorFlow's version: it has no tensorflow-VERSION.dist-info. Give the folder of one that pip installed.`,
  )
}

/**
 * Brings its libraries into `target`: by hard links, which take no space and outlive the Python, or by copies across
 * file systems.
 */
export async function adopt({ folder, variant }: ExistingTensorFlow, target: string): Promise<void> {
  await mkdir(join(target, 'tensorflow'))
  for (const library of libraries) await bring(join(folder, library), join(target, 'tensorflow', library))
  if (variant !== 'tensorflow') return
  for (const name of await readdir(dirname(folder))) {
    if (name.startsWith('nvidia')) await bring(join(dirname(folder), name), join(target, name))
  }
}

/** Whether `installed` was made from this very TensorFlow. */
export async function isFrom({ folder }: ExistingTensorFlow, installed: string): Promise<boolean> {
  for (const library of libraries) {
    const [there, here] = await Promise.all([
      stat(join(folder, library)),
      stat(join(installed, 'tensorflow', library)).catch(() => undefined),
    ])
    if (here === undefined || here.size !== there.size || Math.abs(here.mtimeMs - there.mtimeMs) > 1000) return false
  }
  return true
}

async function bring(from: string, to: string): Promise<void> {
  const entries = await readdir(from, { withFileTypes: true }).catch(() => undefined)
  if (entries === undefined) return bringFile(from, to)
  await mkdir(to)
  for (const entry of entries) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)]
    if (entry.isSymbolicLink()) await symlink(await readlink(source), target)
    else await bring(source, target)
  }
}

async function bringFile(from: string, to: string): Promise<void> {
  try {
    await link(await realpath(from), to)
  } catch (error) {
    // Another file system, or one without hard links.
    if (!['EXDEV', 'EPERM', 'EMLINK', 'ENOTSUP'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
    await copyFile(from, to, constants.COPYFILE_FICLONE)
    const { atime, mtime } = await stat(from)
    await utimes(to, atime, mtime)
  }
}
