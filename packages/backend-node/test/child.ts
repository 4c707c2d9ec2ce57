import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url))

/** Runs a TypeScript module of this package, from its sources, in a process of its own under these variables of the environment. */
export function runChild(
  module: string,
  args: readonly string[],
  variables: Readonly<Record<string, string | undefined>>,
): { status: number | null; signal: string | null; stdout: string; stderr: string } {
  const command = [path('../../../scripts/run-source.mjs'), path(module), ...args]
  const env = { ...process.env, ...variables }
  return spawnSync(process.execPath, command, { env, encoding: 'utf8', maxBuffer: 2 ** 26 })
}
