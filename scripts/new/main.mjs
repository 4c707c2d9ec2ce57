// `pnpm new KIND NAME`: the files of a section of CONTRIBUTING.md under another name, with the lines that they need elsewhere.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { root, run } from '../pnpm.mjs'
import { layoutOf, NewError } from './layout.mjs'

const [kind, name] = process.argv.slice(2)
const read = (path) => (existsSync(join(root, path)) ? readFileSync(join(root, path), 'utf8') : undefined)
try {
  const layout = layoutOf(kind, name, { read })
  for (const { path, text } of layout) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
  const paths = layout.map(({ path }) => path)
  // Sorts what was added to lists, and breaks lines that the name made too long.
  const biome = join(root, 'node_modules/@biomejs/biome/bin/biome')
  await run([process.execPath, biome, 'check', '--write', '--no-errors-on-unmatched', ...paths])
  for (const { path, isNew } of layout) console.log(`${isNew ? 'new    ' : 'changed'}  ${path}`)
  const test = paths.find((path) => path.endsWith('.test.ts'))
  const script = paths.find((path) => path.endsWith('.py'))
  if (script === undefined) console.log(`\nIt works as it is: pnpm vitest run ${test}`)
  else {
    console.log(
      '\nIts test needs PyTorch’s numbers, from a Python with torch, safetensors and numpy, and its row in docs/operators.md:',
    )
    console.log(`  python ${script}\n  pnpm operators ${test}\n  pnpm vitest run ${test}`)
  }
  console.log('Put your own in its place; CONTRIBUTING.md says what each part is for.')
} catch (error) {
  if (!(error instanceof NewError)) throw error
  console.error(`pnpm new: ${error.message}`)
  process.exitCode = 2
}
