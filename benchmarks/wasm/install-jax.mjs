import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { node22 } from '../../scripts/node22.mjs'
import { installAlone, root } from '../../scripts/pnpm.mjs'

const version = '0.1.25'

/** jax-js and a Node that runs it (22 or later), in the workspace's cache: no package of ours depends on them. */
export async function installJax() {
  const home = join(root, '.cache', `jax-js-${version}`)
  const path = join(home, 'node_modules', '@jax-js', 'jax', 'dist', 'index.js')
  if (!existsSync(path)) {
    await mkdir(home, { recursive: true })
    await installAlone(`@jax-js/jax@${version}`, home)
  }
  const isNewEnough = Number(process.versions.node.split('.')[0]) >= 22
  const node = isNewEnough ? process.execPath : await node22()
  if (node === undefined)
    throw new Error('bench: jax-js needs Node 22 or later. Run on it, or leave jax-js out with jax=0.')
  return { node, path }
}
