import { spawnSync } from 'node:child_process'

/** Why this machine has no file systems of the tests' own, in a namespace of theirs; undefined where it has them. */
export function missingDisk(): string | undefined {
  const { status, error, stderr } = spawnSync('unshare', ['-rm', 'mount', '-t', 'tmpfs', 'tmpfs', '/tmp'])
  if (status === 0) return undefined
  return `no file system of its own: unshare -rm mount: ${error?.message ?? String(stderr).trim()}`
}
