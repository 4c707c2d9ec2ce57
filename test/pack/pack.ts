import { bringPnpm, pnpm, run, withPnpm } from '../../scripts/pnpm.mjs'
import { build } from '../../scripts/prepare.mjs'
import { published } from './published.ts'

/** Builds what is not up to date and packs every published package into `folder`: tarballs by the packages' names. */
export async function packAll(folder: string): Promise<Map<string, string>> {
  const commands = await bringPnpm()
  const env = withPnpm(commands)
  const names = published.map(({ name }) => name)
  await build(env, ...names)
  const filters = names.map((name) => `--filter=${name}`)
  // The packages' scripts have run in the build.
  const options = ['--config.ignore-scripts=true', ...filters, '--json', '--pack-destination', folder]
  const packed = JSON.parse(await run([...pnpm(commands), 'pack', ...options], env)) as {
    name: string
    filename: string
  }[]
  return new Map(packed.map(({ name, filename }) => [name, filename]))
}
