// `pnpm recipe NAME [ARG…]` measures what docs/recipes/NAME.md tells, the packages from their sources, and writes its numbers and pictures.
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const folder = new URL('recipes/', import.meta.url)
const names = readdirSync(folder)
  .filter((file) => file.endsWith('.mjs'))
  .map((file) => file.replace(/\.mjs$/, ''))
const name = process.argv[2]
if (!names.includes(name)) {
  process.stderr.write(`pnpm recipe: expected one of ${names.join(', ')}, got ${name ?? 'nothing'}.\n`)
  process.exit(2)
}
process.argv[2] = fileURLToPath(new URL(`${name}.mjs`, folder))
await import('./run-source.mjs')
