import { mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Context } from './context.ts'
import { diskFull } from './disk-space.ts'
import { isCudaBuild } from './existing.ts'
import { lacking } from './install-error.ts'
import { libraries } from './layout.ts'
import { findPip, type Python } from './python.ts'
import { CommandFailed, run } from './run.ts'

/** The version that DDNet is tested with. */
export const tensorflowVersion = '2.21.0'

// TensorFlow's wheels are for these; the C library in them is the same for all.
const pythonVersions = ['3.10', '3.11', '3.12', '3.13']
const anyPythonVersion = '3.11'

/** In bytes: what pip downloads, and the most that the installation takes on the way. */
export const sizes = {
  'tensorflow-cpu': { download: 270e6, space: 2e9 },
  tensorflow: { download: 3e9, space: 9e9 },
} as const

/**
 * Lays TensorFlow's libraries of its Python wheel, for CUDA with NVIDIA's, into `folder` as a Python would have them; returns the
 * folder of C headers and what the libraries take on disk. pip works in `scratch`, and with `--target`, so that it leaves the Python alone.
 *
 * @throws InstallError when pip cannot fetch a wheel
 */
export async function download(
  python: Python,
  name: 'tensorflow-cpu' | 'tensorflow',
  folder: string,
  scratch: string,
  context: Context,
): Promise<{ include: string; bytes: number }> {
  await mkdir(join(scratch, 'tmp'), { recursive: true })
  const install = await installer(python, scratch, context)
  const packages = await install('packages', [`${name}==${tensorflowVersion}`])
  await mkdir(join(folder, 'tensorflow'))
  for (const library of libraries) {
    await rename(join(packages, 'tensorflow', library), join(folder, 'tensorflow', library))
  }
  if (name === 'tensorflow') {
    const nvidia = await install('nvidia', await cudaRequirements(packages))
    // With the folders that describe the wheels, which tell their versions.
    for (const entry of await readdir(nvidia)) {
      if (entry.startsWith('nvidia')) await rename(join(nvidia, entry), join(folder, entry))
    }
    await rm(nvidia, { recursive: true })
  }
  return { include: join(packages, 'tensorflow', 'include'), bytes: await bytesOf(folder, ['tensorflow', 'nvidia']) }
}

async function bytesOf(folder: string, names: readonly string[]): Promise<number> {
  let bytes = 0
  for (const name of names) {
    for (const file of await readdir(join(folder, name), { recursive: true }).catch(() => [])) {
      bytes += (await stat(join(folder, name, file))).size
    }
  }
  return bytes
}

/** The wheels of NVIDIA's that TensorFlow's own description asks for under its extra `and-cuda`. */
async function cudaRequirements(packages: string): Promise<string[]> {
  const description = (await readdir(packages)).find((name) => /^tensorflow-.*\.dist-info$/.test(name))
  const metadata = description === undefined ? '' : await readFile(join(packages, description, 'METADATA'), 'utf8')
  const asked = [...metadata.matchAll(/^Requires-Dist: (nvidia-[^;]+);.*extra == ["']and-cuda["']/gm)]
  if (asked.length === 0 || !(await isCudaBuild(join(packages, 'tensorflow')))) {
    throw lacking(
      `This TensorFlow ${tensorflowVersion} for ${process.arch} comes without CUDA. Leave --cuda out, or use another TensorFlow by --from.`,
    )
  }
  return asked.map(([, requirement = '']) => requirement.trim())
}

/** pip, killed by Linux (PR_SET_PDEATHSIG) when this process is: otherwise it would go on writing into the cache. */
const pipThatEndsWithUs = `
import ctypes, runpy
ctypes.CDLL(None).prctl(1, 9)
runpy.run_module("pip", run_name="__main__", alter_sys=True)`

async function installer(python: Python, scratch: string, context: Context) {
  const { environment } = context
  // A user's settings for pip hold, other than those that would turn it away from the folder that it is given.
  const pipEnvironment = { ...environment, TMPDIR: join(scratch, 'tmp'), PIP_REQUIRE_VIRTUALENV: '0', PIP_USER: '0' }
  const pip = await findPip(python, scratch, context)
  const version = pythonVersions.includes(python.version) ? python.version : anyPythonVersion
  const flags = [
    ...['--no-deps', '--no-compile', '--no-input', '--disable-pip-version-check'],
    ...['--only-binary=:all:', '--implementation', 'cp', '--python-version', version, '--ignore-requires-python'],
  ]
  return async (name: string, requirements: readonly string[]): Promise<string> => {
    const target = join(scratch, name)
    try {
      const args = ['-c', pipThatEndsWithUs, 'install', ...flags, '--target', target, ...requirements]
      await run(pip, args, { ...context, environment: pipEnvironment })
    } catch (error) {
      if (!(error instanceof CommandFailed)) throw error
      if (error.isForLackOfSpace) throw diskFull(scratch, error)
      const isUnreachable = /NewConnectionError|Connection\w*Error|timed out|Could not fetch URL/.test(error.output)
      const reason = `${error.lastLine(/^ERROR/)}${isUnreachable ? '; an index could not be reached' : ''}`
      throw lacking(
        `pip of ${python.command} could not fetch ${requirements[0]} (${reason}). Check the network, give pip an index that has it (PIP_INDEX_URL), or use a TensorFlow that is here by --from.`,
        error,
      )
    }
    return target
  }
}
