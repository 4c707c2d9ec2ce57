import { randomUUID } from 'node:crypto'
import { existsSync, realpathSync } from 'node:fs'
import { mkdir, readdir, realpath, rename, rm, stat, symlink } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Environment } from '../environment.ts'
import {
  hasNvidiaDriver,
  type Installation,
  installationIn,
  installations,
  installationsFolder,
} from '../installations.ts'
import { compile, findCompiler } from './compile.ts'
import { type Context, type InstallEvent, phase } from './context.ts'
import { diskFull, expectSpace } from './disk-space.ts'
import { download, sizes, tensorflowVersion } from './download.ts'
import { adopt, examineExisting, isFrom } from './existing.ts'
import { InstallError, lacking } from './install-error.ts'
import { withLock } from './lock.ts'
import { expectPlatform } from './platform.ts'
import { findPython } from './python.ts'
import { builtTrainingCheck, type Verified, verify } from './verify.ts'

export interface InstallOptions {
  /** TensorFlow with CUDA and NVIDIA's libraries. Default: for the CPU alone. */
  readonly cuda?: boolean
  /** The Python that fetches TensorFlow; default `python3`, then `python`. */
  readonly python?: string
  /** Use what is here instead: a folder `site-packages/tensorflow`, or a `tfjs_binding.node`. */
  readonly from?: string
  readonly environment?: Environment
  readonly report?: (event: InstallEvent) => void
  /** Ends it; what was begun is taken away before the promise rejects. */
  readonly signal?: AbortSignal
  /** The command that trains three steps with an addon and on a device, its last two arguments; default: the one built with this package. */
  readonly trainingCheck?: readonly string[]
}

export interface Installed extends Installation {
  /** The device that trained three steps. */
  readonly device: string
  /** False when it was there already. */
  readonly isNew: boolean
}

/** What is to be installed: its place, and how it comes there. */
interface Plan {
  readonly device: 'cpu' | 'cuda:0' | 'auto'
  /** What is there and was made from the same; whether it works is another question. */
  present(): Promise<Installation | undefined>
  /** Its place, when it is known what it is. */
  target(version: string): Installation
  /** Finds the tools that it takes; what it returns makes the addon `tfjs_binding.node` in a folder. */
  prepare(): Promise<(folder: string) => Promise<void>>
}

/**
 * Brings TensorFlow into the user's cache, where `tensorflow()` finds it: its C library from its Python wheel or from a
 * TensorFlow that is here, and the addon compiled against it; then it trains three steps. It replaces an earlier
 * installation of its kind. Everything happens in a folder beside, which takes its name when all went well, so that an end at any
 * moment leaves the earlier state, and the next call clears away what was begun.
 *
 * @throws InstallError with the remedy; the signal's reason when it was aborted
 */
export async function installTensorFlow(options: InstallOptions = {}): Promise<Installed> {
  const { environment = process.env, report = () => {}, signal = new AbortController().signal } = options
  const { trainingCheck = builtTrainingCheck() } = options
  const context: Context = { environment, report, signal }
  expectPlatform()
  const root = installationsFolder(environment)
  const plan = await planOf(options, root, context)
  const check = (addon: string): Promise<Verified> =>
    phase(
      context,
      'verify',
      'three training steps',
      () => verify(trainingCheck, addon, plan.device, context),
      ({ device, losses }) =>
        `three training steps on ${device}, loss ${losses.map((loss) => loss.toFixed(3)).join(' → ')}`,
    )
  /** What is there and works, or undefined. */
  const present = async (): Promise<Installed | undefined> => {
    const found = await plan.present()
    if (found === undefined || !existsSync(found.addon)) return undefined
    try {
      const { device } = await check(found.addon)
      return { ...found, device, isNew: false }
    } catch (error) {
      if (!(error instanceof InstallError)) throw error
      report({ type: 'note', text: `${error.message} It is installed again.` })
      return undefined
    }
  }
  const there = await present()
  if (there !== undefined) return there

  const make = await plan.prepare()
  try {
    await mkdir(root, { recursive: true })
    return await withLock(join(root, lockName), context, async () => {
      await clear(root)
      const meanwhile = await present()
      if (meanwhile !== undefined) return meanwhile
      const partial = join(root, `${beginning}${randomUUID()}`)
      try {
        await mkdir(partial)
        await make(partial)
        const { device, version } = await check(join(partial, 'tfjs_binding.node'))
        const target = plan.target(version)
        await rm(join(partial, scratch), { recursive: true, force: true })
        signal.throwIfAborted()
        await replace(root, partial, target)
        return { ...target, device, isNew: true }
      } finally {
        await rm(partial, { recursive: true, force: true })
      }
    })
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException
    if (['ENOSPC', 'EDQUOT'].includes(code)) throw diskFull(root, error)
    if (['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EEXIST'].includes(code)) {
      throw lacking(
        `'${root}' cannot be written (${code}). Change its permissions, or set DDNET_CACHE to a folder of yours.`,
        error,
      )
    }
    throw error
  }
}

/** The installation that `tensorflow()` takes: the best one in the user's cache. */
export const installedTensorFlow = (environment: Environment = process.env): Installation | undefined =>
  installations(installationsFolder(environment)).find(({ addon }) => existsSync(addon))

/**
 * Removes all installations, also unfinished ones, and returns those that were whole.
 */
export async function removeTensorFlow({
  environment = process.env,
  report = () => {},
  signal = new AbortController().signal,
}: Pick<InstallOptions, 'environment' | 'report' | 'signal'> = {}): Promise<Installation[]> {
  const root = installationsFolder(environment)
  if (!existsSync(root)) return []
  return withLock(join(root, lockName), { environment, report, signal }, async () => {
    const found = installations(root)
    for (const { folder } of found) await discard(root, folder)
    await clear(root)
    return found
  })
}

const lockName = 'lock'
const beginning = '.partial-'
/** What an installation does not keep, within its folder. */
const scratch = 'scratch'

async function planOf({ cuda = false, python, from }: InstallOptions, root: string, context: Context): Promise<Plan> {
  const driver = hasNvidiaDriver()
  if (from !== undefined) return planFrom(resolve(from), cuda, root, context)
  const variant = cuda ? 'tensorflow' : 'tensorflow-cpu'
  const target = installationIn(root, variant, tensorflowVersion)
  if (cuda && !driver) {
    context.report({
      type: 'note',
      text: 'this machine has no NVIDIA driver: TensorFlow computes on the CPU until it has one',
    })
  } else if (!cuda && driver) {
    context.report({ type: 'note', text: 'this machine has an NVIDIA driver: --cuda brings TensorFlow for its GPU' })
  }
  return {
    device: cuda && driver ? 'cuda:0' : 'cpu',
    present: async () => target,
    target: () => target,
    prepare: async () => {
      const compiler = await findCompiler(context)
      const found = await findPython(python, context)
      const size = sizes[variant]
      await expectSpace(root, size.space)
      const what = `${variant} ${tensorflowVersion} by pip of ${found.command}`
      const about = size.download < 1e9 ? `${size.download / 1e6} MB` : `${size.download / 1e9} GB`
      return async (folder) => {
        const { include } = await phase(
          context,
          'download',
          `${what}, about ${about}`,
          () => download(found, variant, folder, join(folder, scratch), context),
          ({ bytes }) => `${what}, ${Math.round(bytes / 1e6)} MB on disk`,
        )
        await compileAddon(compiler, folder, include, context)
      }
    },
  }
}

async function planFrom(from: string, cuda: boolean, root: string, context: Context): Promise<Plan> {
  const kind = await stat(from).catch(() => undefined)
  if (kind === undefined) throw new InstallError(`There is nothing at '${from}', which --from names.`)
  if (!kind.isDirectory()) {
    const path = await realpath(from)
    const leadsThere = ({ variant, addon }: Installation) =>
      variant === 'tensorflow-linked' && existsSync(addon) && realpathSync(addon) === path
    return {
      device: cuda ? 'cuda:0' : 'auto',
      present: async () => installations(root).find(leadsThere),
      target: (version) => installationIn(root, 'tensorflow-linked', version),
      prepare: async () => (folder) => symlink(path, join(folder, 'tfjs_binding.node')),
    }
  }
  const existing = await examineExisting(from)
  const { variant, version } = existing
  if (cuda && variant === 'tensorflow-cpu') {
    throw new InstallError(
      `TensorFlow ${version} in '${from}' is built for the CPU only. Leave --cuda out, or name another by --from.`,
    )
  }
  const target = installationIn(root, variant, version)
  return {
    device: variant === 'tensorflow' && hasNvidiaDriver() ? 'cuda:0' : 'cpu',
    present: async () => ((await isFrom(existing, target.folder)) ? target : undefined),
    target: () => target,
    prepare: async () => {
      const compiler = await findCompiler(context)
      return async (folder) => {
        await adopt(existing, folder)
        await compileAddon(compiler, folder, join(from, 'include'), context)
      }
    },
  }
}

const compileAddon = (compiler: readonly string[], folder: string, include: string, context: Context) =>
  phase(context, 'compile', `TensorFlow's addon by ${compiler.join(' ')}`, () =>
    compile(compiler, folder, include, context),
  )

/** Puts the finished folder in its place, and takes away what it replaces: its kind, and an addon that was linked. */
async function replace(root: string, finished: string, target: Installation): Promise<void> {
  const replaced = installations(root).filter(
    ({ variant }) => variant === target.variant || variant === 'tensorflow-linked',
  )
  if (existsSync(target.folder)) await discard(root, target.folder)
  await rename(finished, target.folder)
  for (const { folder } of replaced) if (folder !== target.folder) await discard(root, folder)
}

/** Removed under another name, so that an end in the middle leaves no half of it. */
async function discard(root: string, folder: string): Promise<void> {
  const begun = join(root, `${beginning}${randomUUID()}`)
  await rename(folder, begun)
  await rm(begun, { recursive: true, force: true })
}

/** Takes away what processes that were killed had begun; under the lock nobody else has begun anything. */
async function clear(root: string): Promise<void> {
  for (const name of await readdir(root)) {
    if (name.startsWith(beginning)) await rm(join(root, name), { recursive: true, force: true, maxRetries: 3 })
  }
}
