import { existsSync, readdirSync, readlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import { BackendUnavailable } from '@ddnet/ops'
import type { EnvironmentVariables } from './environment.ts'
import { installations, installationsFolder, installCommand } from './installations.ts'

/** The packages that bring an addon of their own, if their install scripts ran. */
const stockPackages = ['@tensorflow/tfjs-node-gpu', '@tensorflow/tfjs-node']

/**
 * The path of TensorFlow's addon: the one asked for, by option or by `DDNET_TENSORFLOW_ADDON`, else the best in the
 * user's cache folder, else the one of tfjs-node-gpu or tfjs-node as the app's folder resolves them.
 *
 * @throws BackendUnavailable saying where it looked; one that was asked for is never replaced by another
 */
export function findAddon(option: string | undefined, environment: EnvironmentVariables, appFolder: string): string {
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
  const cache = installationsFolder(environment)
  const [installed] = installations(cache)
  if (installed !== undefined && !existsSync(installed.addon)) {
    throw new BackendUnavailable(
      `tensorflow: the addon '${readlinkSync(installed.addon)}' is gone, which was chosen when TensorFlow was installed. Run: ${installCommand}`,
    )
  }
  const found = installed?.addon ?? stockAddon(appFolder)
  if (found !== undefined) return found
  throw new BackendUnavailable(
    `tensorflow: TensorFlow's addon tfjs_binding.node is missing: DDNET_TENSORFLOW_ADDON is not set, ` +
      `'${cache}' has none, and neither has ${stockPackages.join(' or ')} in '${appFolder}'. ` +
      `Run: ${installCommand}`,
  )
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
