import { existsSync, lstatSync, readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { cacheDirectory } from '@ddnet/ops/node'
import type { EnvironmentVariables } from './environment.ts'

/** The one command that brings TensorFlow, for errors to name. */
export const installCommand = 'npx ddnet backend install tensorflow'

/** TensorFlow for the CPU, TensorFlow with CUDA, or a link to an addon that lies elsewhere. */
export type Variant = 'tensorflow-cpu' | 'tensorflow' | 'tensorflow-linked'

/** A TensorFlow in the user's cache. */
export interface Installation {
  readonly variant: Variant
  readonly version: string
  readonly folder: string
  /** Path of its `tfjs_binding.node`. */
  readonly addon: string
}

/** Where installations lie: `tensorflow` in DDNet's folder of the user's cache. */
export const installationsFolder = (environment: EnvironmentVariables): string =>
  resolve(cacheDirectory(environment), 'tensorflow')

const platform = `${process.platform}-${process.arch}`

/** A folder appears under its name, `tensorflow-cpu-2.21.0-linux-x64`, only when it is complete. */
export function installationIn(root: string, variant: Variant, version: string): Installation {
  const folder = join(root, `${variant}-${version}-${platform}`)
  return { variant, version, folder, addon: join(folder, 'tfjs_binding.node') }
}

/**
 * The installations for this platform, the best one first: an addon that the user linked; then those with CUDA where there is an
 * NVIDIA driver, for the CPU where there is none; the newest first.
 */
export function installations(root: string, driver: boolean = hasNvidiaDriver()): Installation[] {
  if (!existsSync(root)) return []
  const rank = ({ variant }: Installation) =>
    variant === 'tensorflow-linked' ? 0 : (variant === 'tensorflow') === driver ? 1 : 2
  return readdirSync(root)
    .flatMap((name) => {
      const [, variant, version] = /^(tensorflow(?:-cpu|-linked)?)-(\d.*)$/.exec(name.replace(`-${platform}`, '')) ?? []
      if (variant === undefined || version === undefined || !name.endsWith(`-${platform}`)) return []
      return [installationIn(root, variant as Variant, version)] // one of the three, by the expression
    })
    .filter(({ addon }) => lstatSync(addon, { throwIfNoEntry: false }) !== undefined)
    .sort((a, b) => rank(a) - rank(b) || b.version.localeCompare(a.version, 'en', { numeric: true }))
}

/** Linux's driver, or Windows' as WSL shows it. */
const driverFiles = ['/proc/driver/nvidia/version', '/usr/lib/wsl/lib/libcuda.so.1']

export const hasNvidiaDriver = (files: readonly string[] = driverFiles): boolean => files.some(existsSync)
