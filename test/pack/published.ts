import type { Manifest } from '../../scripts/packages.mjs'

/** What code can import of a package: `@ddnet/ops` and `@ddnet/ops/wasm`. */
export const entriesOf = ({ name, exports }: Manifest): string[] =>
  Object.keys(exports)
    .filter((path) => !path.endsWith('.json'))
    .map((path) => name + path.slice(1))
