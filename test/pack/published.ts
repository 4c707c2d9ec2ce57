import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../../scripts/pnpm.mjs'

/** What the tests read in a package.json. */
export interface Manifest {
  readonly name: string
  readonly version: string
  readonly private?: boolean
  readonly exports: Readonly<Record<string, unknown>>
  readonly dependencies?: Readonly<Record<string, string>>
}

export const readManifest = (folder: string): Manifest =>
  JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest

/** The packages of this workspace that are not private. */
export const published: readonly Manifest[] = ['packages', 'apps'].flatMap((workspace) =>
  readdirSync(join(root, workspace))
    .map((name) => join(root, workspace, name))
    .filter((folder) => existsSync(join(folder, 'package.json')))
    .map(readManifest)
    .filter((manifest) => manifest.private !== true),
)

/** What code can import of a package: `@ddnet/ops` and `@ddnet/ops/wasm`. */
export const entriesOf = ({ name, exports }: Manifest): string[] =>
  Object.keys(exports)
    .filter((path) => !path.endsWith('.json'))
    .map((path) => name + path.slice(1))

/** The published packages among `dependencies`, and those that they stand on. */
export function internal(dependencies: Manifest['dependencies'] = {}): string[] {
  const direct = published.filter(({ name }) => name in dependencies)
  return [...new Set(direct.flatMap((each) => [each.name, ...internal(each.dependencies)]))]
}
