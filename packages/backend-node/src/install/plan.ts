import { existsSync, realpathSync } from 'node:fs'
import { realpath, stat, symlink } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { hasNvidiaDriver, type Installation, installationIn, installations } from '../installations.ts'
import { compile, findCompiler, isCurrent } from './compile.ts'
import { type Context, phase } from './context.ts'
import { expectSpace } from './disk-space.ts'
import { download, sizes, tensorflowVersion } from './download.ts'
import { adopt, examineExisting, isFrom } from './existing.ts'
import { scratch } from './folders.ts'
import { InstallError } from './install-error.ts'
import { findPython } from './python.ts'

/** Which TensorFlow is wanted. */
export interface RequestedTensorFlow {
  /** TensorFlow with CUDA and NVIDIA's libraries. Default: for the CPU alone. */
  readonly cuda?: boolean
  /** The Python that fetches TensorFlow; default `python3`, then `python`. */
  readonly python?: string
  /** Use what is here instead: a folder `site-packages/tensorflow`, or a `tfjs_binding.node`. */
  readonly from?: string
}

/** What is to be installed: its place, and how it comes there. */
export interface Plan {
  readonly device: 'cpu' | 'cuda:0' | 'auto'
  /** What is there and was made from the same, by this version; whether it works is another question. */
  present(): Promise<Installation | undefined>
  /** Its place, when it is known what it is. */
  target(version: string): Installation
  /** Finds the tools that it takes; what it returns makes the addon `tfjs_binding.node` in a folder. */
  prepare(): Promise<(folder: string) => Promise<void>>
}

/** @throws InstallError if `from` is not what it should be */
export async function planOf(
  { cuda = false, python, from }: RequestedTensorFlow,
  root: string,
  context: Context,
): Promise<Plan> {
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
    present: async () => ((await isCurrent(target.folder)) ? target : undefined),
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
    present: async () =>
      (await isFrom(existing, target.folder)) && (await isCurrent(target.folder)) ? target : undefined,
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
