import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** What was measured: the commit, and `-dirty` where files differ from it; `unknown` on a machine without git. */
export function measuredCommit() {
  try {
    const words = ['describe', '--always', '--dirty']
    return execFileSync('git', words, { cwd: fileURLToPath(new URL('..', import.meta.url)), encoding: 'utf8' }).trim()
  } catch (error) {
    if (error.code === 'ENOENT') return 'unknown'
    throw error
  }
}
