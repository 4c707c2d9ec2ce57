import { closeSync, existsSync, fstatSync, openSync, readdirSync, readSync, realpathSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'
import { BackendUnavailable } from '@ddnet/ops'
import { errorMessage } from '@ddnet/ops/checks'
import { withEnvironment } from './environment.ts'
import { installCommand } from './installations.ts'
import type { Binding } from './vendor/tfjs-node.mjs'

const firstEnvironment = Symbol.for('ddnet.tensorflow.environment')

interface LoadedAddon {
  readonly binding: Binding
  /** The environment of the first load, which holds for the life of the process. */
  readonly environment: Readonly<Record<string, string>>
}

/**
 * Loads the addon, and TensorFlow with it, under the given environment; when this process has loaded it before, gives
 * what there is.
 *
 * @throws BackendUnavailable if the file is damaged, is something else, or lacks a library
 */
export function loadAddon(addonPath: string, environment: Readonly<Record<string, string>>): LoadedAddon {
  const path = realpathSync(addonPath) // its libraries lie where it is, not where a link to it is
  for (const file of [path, ...librariesBeside(path)]) {
    if (isTruncated(file)) {
      throw new BackendUnavailable(`tensorflow: '${file}' is damaged: the file ends early. Run: ${installCommand}`)
    }
  }
  let addon: Partial<Binding> & { [firstEnvironment]?: Readonly<Record<string, string>> }
  try {
    addon = withEnvironment(environment, () => createRequire(import.meta.url)(path))
  } catch (error) {
    throw new BackendUnavailable(
      `tensorflow: the addon '${path}' does not load: ${errorMessage(error)}. Run: ${installCommand}`,
      { cause: error },
    )
  }
  if (typeof addon.executeOp !== 'function' || typeof addon.TF_Version !== 'string') {
    throw new BackendUnavailable(
      `tensorflow: '${path}' is not TensorFlow's addon. Give the path of a tfjs_binding.node.`,
    )
  }
  // TensorFlow reads this one again at its first ops. Read differently, it would take half of oneDNN.
  const { TF_ENABLE_ONEDNN_OPTS: oneDnn } = addon[firstEnvironment] ?? environment
  if (oneDnn !== undefined) process.env['TF_ENABLE_ONEDNN_OPTS'] = oneDnn
  // Kept with the addon, which is the process's own global: all copies of this package see one value.
  addon[firstEnvironment] ??= environment
  return { binding: addon as Binding, environment: addon[firstEnvironment] }
}

/** TensorFlow's libraries, beside the addon or in `tensorflow` beside it. */
const librariesBeside = (path: string): string[] =>
  [dirname(path), join(dirname(path), 'tensorflow')]
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)))
    .filter((file) => /^libtensorflow.*\.so/.test(basename(file)))

/**
 * Whether a 64-bit ELF library ends before its section headers, which come last: loading such a file kills the process
 * (SIGBUS) instead of failing. Other formats are left to the system's loader.
 */
function isTruncated(path: string): boolean {
  const file = openSync(path, 'r')
  try {
    const header = Buffer.alloc(64)
    const length = readSync(file, header, 0, 64, 0)
    const isElf64 = length >= 5 && header.readUInt32BE(0) === 0x7f454c46 && header[4] === 2
    if (!isElf64) return false
    if (length < 64) return true
    const sectionHeaders = header.readBigUInt64LE(40)
    return BigInt(fstatSync(file).size) < sectionHeaders + BigInt(header.readUInt16LE(58) * header.readUInt16LE(60))
  } finally {
    closeSync(file)
  }
}
