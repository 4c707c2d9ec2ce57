import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type { Context } from './context.ts'
import { diskFull } from './disk-space.ts'
import { InstallError, lacking } from './install-error.ts'
import { libraries } from './layout.ts'
import { CommandFailed, run } from './run.ts'

/**
 * The C++ compiler: `$CXX`, else the first of `c++`, `g++` and `clang++` that runs; with arguments, if it has some.
 *
 * @throws InstallError if there is none
 */
export async function findCompiler(context: Context): Promise<string[]> {
  const given = context.environment.CXX?.trim()
  for (const candidate of given ? [given] : ['c++', 'g++', 'clang++']) {
    const [command = '', ...args] = candidate.split(/\s+/)
    try {
      await run(command, [...args, '--version'], context)
      return [command, ...args]
    } catch (error) {
      if (!(error instanceof CommandFailed)) throw error
    }
  }
  throw lacking(
    given
      ? `The C++ compiler '${given}', which CXX names, does not run. Correct CXX, or unset it.`
      : "TensorFlow's addon has to be compiled, and there is no C++ compiler. Install one (Debian, Ubuntu: apt-get install g++; Fedora: dnf install gcc-c++), or name it by CXX.",
  )
}

const addonSources = ['binding/tfjs_backend.cc', 'binding/tfjs_binding.cc', 'addon/log_level.cc']

const packageFolder = (): string => dirname(createRequire(import.meta.url).resolve('@ddnet/backend-node/package.json'))

/** A file beside the addon that says which sources it was made of. */
const digestName = 'tfjs_binding.sources'

async function sourcesDigest(): Promise<string> {
  const hash = createHash('sha256')
  for (const source of addonSources) hash.update(await readFile(join(packageFolder(), source)))
  return hash.digest('hex')
}

/** Whether the addon in `folder` was compiled from this version's sources. */
export const isCurrent = async (folder: string): Promise<boolean> =>
  (await readFile(join(folder, digestName), 'utf8').catch(() => '')) === (await sourcesDigest())

/**
 * Compiles tfjs-node-gpu's C++ sources and one of ours, which this package carries, against the TensorFlow in `folder`; returns the
 * addon's path. It finds its libraries from where it lies itself: the folder may be moved.
 *
 * @param include folder of TensorFlow's C headers
 * @throws InstallError with the compiler's first error
 */
export async function compile(
  [command = '', ...args]: readonly string[],
  folder: string,
  include: string,
  context: Context,
): Promise<string> {
  const require = createRequire(import.meta.url)
  const headers = join(dirname(require.resolve('node-api-headers/package.json')), 'include')
  const addon = join(folder, 'tfjs_binding.node')
  const libraryFolders = ['tensorflow', ...(await nvidiaFolders(folder))]
  try {
    await run(
      command,
      [
        ...args,
        ...['-std=c++17', '-O2', '-fPIC', '-shared', '-w', '-DNAPI_VERSION=8'],
        ...['-I', headers, '-I', include],
        ...addonSources.map((source) => join(packageFolder(), source)),
        ...['-L', join(folder, 'tensorflow'), ...libraries.map((library) => `-l:${library}`)],
        '-Wl,-z,initfirst', // see log_level.cc
        // RPATH, unlike RUNPATH, holds for the libraries that TensorFlow in turn looks for, too.
        ...['-Wl,--disable-new-dtags', ...libraryFolders.map((name) => `-Wl,-rpath,$ORIGIN/${name}`)],
        ...['-o', addon],
      ],
      { ...context, environment: { ...context.environment, LC_ALL: 'C' } },
    )
  } catch (error) {
    if (!(error instanceof CommandFailed)) throw error
    if (error.isForLackOfSpace) throw diskFull(folder, error)
    const reason = error.output.split('\n').find((line) => /\berror\b|undefined reference/i.test(line))
    throw new InstallError(
      `${command} could not compile TensorFlow's addon (${(reason ?? error.lastLine()).trim()}). Try another compiler by CXX=clang++; --verbose shows all that it says.`,
      { cause: error },
    )
  }
  await writeFile(join(folder, digestName), await sourcesDigest())
  return addon
}

/** `nvidia/cudnn/lib` and its like; none without CUDA. */
async function nvidiaFolders(folder: string): Promise<string[]> {
  const parts = await readdir(join(folder, 'nvidia')).catch(() => [])
  return parts.map((part) => `nvidia/${part}/lib`).filter((name) => existsSync(join(folder, name)))
}
