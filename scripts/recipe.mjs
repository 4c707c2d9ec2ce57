// `pnpm recipe NAME [ARG…]` measures what docs/recipes/NAME.md tells, the packages from their sources, and writes its numbers and pictures.
import { readdirSync } from 'node:fs'
import { register } from 'node:module'

const folder = new URL('recipes/', import.meta.url)
const names = readdirSync(folder).map((file) => file.replace(/\.mjs$/, ''))
const [name] = process.argv.splice(2, 1)
if (!names.includes(name)) {
  process.stderr.write(`pnpm recipe: expected one of ${names.join(', ')}, got ${name ?? 'nothing'}.\n`)
  process.exit(2)
}
register('./source-hooks.mjs', import.meta.url)
process.setSourceMapsEnabled(true) // errors point at the line that was written
await import(new URL(`${name}.mjs`, folder).href)
