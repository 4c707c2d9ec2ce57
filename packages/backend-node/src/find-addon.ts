import { existsSync, readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { homedir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { BackendUnavailable } from '@ddnet/ops'
import type { Environment } from './environment.ts'

/** The packages that bring an addon of their own, if their install scripts ran. */
const stockPackages = ['@tensorflow/tfjs-node-gpu', '@tensorflow/tfjs-node']

/**
 * The path of TensorFlow's addon: the one asked for, by option or by `DDNET_TENSORFLOW_ADDON`, else the newest in the
 * user's cache folder, else the one of tfjs-node-gpu or tfjs-node as the app's folder resolves them.
 *
 * @throws BackendUnavailable saying where it looked; one that was asked for is never replaced by another
 */
export function findAddon(option: string | undefined, environment: Environment, appFolder: string): string {
  for (const [asked, path] of [
    ['the option addon', option],
    ['DDNET_TENSORFLOW_ADDON', environment.DDNET_TENSORFLOW_ADDON],
  ] as const) {
    if (path === undefined || path === '') continue
    if (existsSync(path)) return resolve(path)
    throw new BackendUnavailable(
      `tensorflow: there is no addon at '${path}', which ${asked} names. Give the path of a tfjs_binding.node.`,
    )
  }
  const cache = join(cacheFolder(environment), 'tensorflow')
  const found = cachedAddon(cache) ?? stockAddon(appFolder)
  if (found !== undefined) return found
  throw new BackendUnavailable(
    `tensorflow: TensorFlow's addon tfjs_binding.node is missing: DDNET_TENSORFLOW_ADDON is not set, ` +
      `'${cache}' has none, and neither has ${stockPackages.join(' or ')} in '${appFolder}'. ` +
      `Run: npm install ${stockPackages[1]}`,
  )
}

/** DDNet's folder in the user's cache. */
function cacheFolder(environment: Environment): string {
  if (environment.DDNET_CACHE) return resolve(environment.DDNET_CACHE)
  if (environment.XDG_CACHE_HOME) return join(environment.XDG_CACHE_HOME, 'ddnet')
  if (process.platform === 'darwin') return join(homedir(), 'Library', 'Caches', 'ddnet')
  if (process.platform === 'win32') {
    return join(environment.LOCALAPPDATA || join(homedir(), 'AppData', 'Local'), 'ddnet')
  }
  return join(homedir(), '.cache', 'ddnet')
}

/** Folders are named `<Python package>-<version>-<platform>-<architecture>`, and appear only when complete. */
function cachedAddon(cache: string): string | undefined {
  if (!existsSync(cache)) return undefined
  return readdirSync(cache)
    .filter((name) => name.endsWith(`-${process.platform}-${process.arch}`))
    .sort((a, b) => b.localeCompare(a, 'en', { numeric: true }))
    .map((name) => join(cache, name, 'tfjs_binding.node'))
    .find((path) => existsSync(path))
}

function stockAddon(appFolder: string): string | undefined {
  const { resolve } = createRequire(join(appFolder, 'package.json'))
  for (const name of stockPackages) {
    let libraries: string
    try {
      libraries = join(dirname(resolve(`${name}/package.json`)), 'lib')
    } catch {
      continue // not installed
    }
    if (!existsSync(libraries)) continue
    const path = readdirSync(libraries)
      .filter((folder) => folder.startsWith('napi-v'))
      .sort((a, b) => b.localeCompare(a, 'en', { numeric: true }))
      .map((folder) => join(libraries, folder, 'tfjs_binding.node'))
      .find((path) => existsSync(path))
    if (path !== undefined) return path
  }
  return undefined
}
