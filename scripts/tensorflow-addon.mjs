// Makes TensorFlow's native addon available to the tests and benchmarks of this workspace, once a machine:
//
//   node scripts/tensorflow-addon.mjs     prints the addon's path
//
// It takes TensorFlow's C library from its Python wheel and compiles tfjs-node-gpu's own C++ sources against it, into
// the user's cache, where the adapter finds it. Nothing is written into Python's folders or node_modules.

import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { homedir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const wheel = 'tensorflow-cpu'
const version = '2.21.0'
// The wheels of this version; the library in them does not depend on Python's version.
const pythonVersions = ['3.10', '3.11', '3.12', '3.13']
const libraries = ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2']

/**
 * The addon's path, after installing it if need be (a download of about 250 MB, 850 MB on disk, under a minute).
 * Where this machine lacks what that takes, a package index included, the reason with the remedy; any other failure is an error.
 *
 * @returns {Promise<{ path: string } | { missing: string }>}
 */
export async function ensureTensorFlowAddon({ log = (_message) => {} } = {}) {
  const given = process.env.DDNET_TENSORFLOW_ADDON
  if (given) {
    if (!existsSync(given)) throw new Error(`DDNET_TENSORFLOW_ADDON names '${given}', which does not exist.`)
    return { path: resolve(given) }
  }
  const folder = join(cacheFolder(), 'tensorflow', `${wheel}-${version}-${process.platform}-${process.arch}`)
  const path = join(folder, 'tfjs_binding.node')
  if (existsSync(path)) return { path }

  const tools = await findTools()
  if ('missing' in tools) return tools
  await mkdir(dirname(folder), { recursive: true })
  const unlock = await lock(`${folder}.lock`, log)
  try {
    return existsSync(path) ? { path } : ((await install(folder, tools, log)) ?? { path })
  } finally {
    await unlock()
  }
}

/** DDNet's folder in the user's cache, where @ddnet/backend-node looks for it on Linux. */
function cacheFolder() {
  if (process.env.DDNET_CACHE) return resolve(process.env.DDNET_CACHE)
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'ddnet')
}

/** Everything happens in a folder beside, which takes its name only when it is complete and its addon loads. */
async function install(folder, { python, compiler }, log) {
  const partial = `${folder}.partial`
  const packages = join(partial, 'python')
  await rm(partial, { recursive: true, force: true })
  await mkdir(join(partial, 'tmp'), { recursive: true })
  log(`installing ${wheel} ${version} with ${python.command} …`)
  const own = pythonVersions.includes(python.version) ? [] : ['--python-version', pythonVersions.at(-2)]
  const flags = ['--no-deps', '--only-binary=:all:', '--no-input', '--disable-pip-version-check', ...own]
  try {
    await run(python.command, ['-m', 'pip', 'install', ...flags, '--target', packages, `${wheel}==${version}`], {
      TMPDIR: join(partial, 'tmp'),
    })
  } catch (error) {
    // No index within reach is a machine that cannot have TensorFlow; what fails after this point is our fault.
    await rm(partial, { recursive: true, force: true })
    const reason = error.message.trim().split('\n').at(-1)
    return {
      missing: `${python.command} -m pip could not fetch ${wheel} ${version} (${reason}); give pip an index that has it, or set DDNET_TENSORFLOW_ADDON to the path of a tfjs_binding.node`,
    }
  }
  for (const library of libraries) await rename(join(packages, 'tensorflow', library), join(partial, library))
  log(`compiling tfjs-node-gpu's addon with ${compiler} …`)
  const { resolve: find } = createRequire(new URL('../packages/backend-node/package.json', import.meta.url))
  const sources = join(dirname(find('@tensorflow/tfjs-node-gpu/package.json')), 'binding')
  const headers = join(dirname(find('node-api-headers/package.json')), 'include')
  const addon = join(partial, 'tfjs_binding.node')
  await run(compiler, [
    ...['-std=c++17', '-O2', '-fPIC', '-shared', '-w', '-DNAPI_VERSION=8'],
    ...['-I', headers, '-I', join(packages, 'tensorflow', 'include')],
    ...['tfjs_backend.cc', 'tfjs_binding.cc'].map((source) => join(sources, source)),
    ...['-L', partial, ...libraries.map((library) => `-l:${library}`), '-Wl,-rpath,$ORIGIN', '-o', addon],
  ])
  const loaded = await run(process.execPath, ['-p', 'require(process.argv[1]).TF_Version', addon])
  if (loaded.trim() !== version) throw new Error(`${addon}: expected TensorFlow ${version}, got ${loaded.trim()}`)
  await rm(packages, { recursive: true })
  await rm(join(partial, 'tmp'), { recursive: true })
  await rename(partial, folder)
}

/** A Python with pip and a C++ compiler, or which of them is missing. */
async function findTools() {
  const own = 'or set DDNET_TENSORFLOW_ADDON to the path of a tfjs_binding.node'
  const { glibcVersionRuntime } = process.report.getReport().header
  if (process.platform !== 'linux' || glibcVersionRuntime === undefined) {
    return { missing: `the set-up of TensorFlow knows Linux with glibc only; ${own.slice(3)}` }
  }
  const python = await firstOf(['python3', 'python'], async (command) => {
    await run(command, ['-m', 'pip', '--version'])
    const version = await run(command, ['-c', 'import sys; print("%d.%d" % sys.version_info[:2])'])
    return { command, version: version.trim() }
  })
  if (python === undefined) {
    return {
      missing: `TensorFlow's library comes from a Python wheel, and no python3 with pip is here; install it, ${own}`,
    }
  }
  const names = [process.env.CXX, 'c++', 'g++', 'clang++'].filter((name) => name)
  const compiler = await firstOf(names, async (command) => {
    await run(command, ['--version'])
    return command
  })
  if (compiler === undefined) {
    return { missing: `TensorFlow's addon must be compiled, and no C++ compiler is here; install g++, ${own}` }
  }
  return { python, compiler }
}

async function firstOf(candidates, attempt) {
  for (const candidate of candidates) {
    try {
      return await attempt(candidate)
    } catch {
      // the next one
    }
  }
  return undefined
}

/** Waits until no living process holds the lock file, and takes it. */
async function lock(path, log) {
  // Written first and linked into place, so that a lock always names its holder.
  const own = `${path}.${process.pid}`
  await writeFile(own, String(process.pid))
  try {
    for (let waited = false; ; waited = true) {
      try {
        await link(own, path)
        return () => rm(path, { force: true })
      } catch (error) {
        if (error.code !== 'EEXIST') throw error
      }
      const holder = Number(await readFile(path, 'utf8').catch(() => '0')) // 0: released just now
      if (holder !== 0 && !isAlive(holder)) await rm(path, { force: true })
      else {
        if (!waited) log(`waiting for process ${holder}, which is installing …`)
        await sleep(500)
      }
    }
  } finally {
    await rm(own)
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}

async function run(command, args, environment = {}) {
  try {
    const options = { env: { ...process.env, ...environment }, maxBuffer: 64 * 1024 * 1024 }
    const { stdout } = await promisify(execFile)(command, args, options)
    return stdout
  } catch (error) {
    const output = `${error.stdout ?? ''}\n${error.stderr ?? ''}`.trim().split('\n').slice(-15).join('\n')
    throw new Error(`${command} ${args.join(' ')}\nfailed (${error.code ?? error.signal}):\n${output}`, {
      cause: error,
    })
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const result = await ensureTensorFlowAddon({ log: (message) => console.error(message) })
  if ('missing' in result) {
    console.error(result.missing)
    process.exitCode = 1
  } else console.log(result.path)
}
