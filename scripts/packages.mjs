import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { bringPnpm, pnpm, root, run, withPnpm } from './pnpm.mjs'
import { build } from './prepare.mjs'

export const readManifest = (folder) => JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))

/** The packages of this workspace that are not private. */
export const published = ['packages', 'apps'].flatMap((workspace) =>
  readdirSync(join(root, workspace))
    .map((name) => join(root, workspace, name))
    .filter((folder) => existsSync(join(folder, 'package.json')))
    .map(readManifest)
    .filter((manifest) => manifest.private !== true),
)

/** The published packages among `names`, and those that they stand on. */
export function withInternal(names) {
  const direct = published.filter(({ name }) => names.includes(name))
  return [...new Set(direct.flatMap((each) => [each.name, ...withInternal(Object.keys(each.dependencies ?? {}))]))]
}

/**
 * Builds what is not up to date and packs published packages into `folder`.
 *
 * @returns {Promise<Map<string, string>>} the tarballs' paths by the packages' names
 */
export async function pack(folder, names = published.map(({ name }) => name)) {
  const commands = await bringPnpm()
  const env = withPnpm(commands)
  await build(env, ...names)
  const filters = names.map((name) => `--filter=${name}`)
  // The packages' scripts have run in the build.
  const options = ['--config.ignore-scripts=true', ...filters, '--json', '--pack-destination', folder]
  const packed = [JSON.parse(await run([...pnpm(commands), 'pack', ...options], env))].flat()
  return new Map(packed.map(({ name, filename }) => [name, filename]))
}
