// Checks every published package as its users will get it: what `exports` promises is in the built files.
import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { root } from './pnpm.mjs'

let problems = 0
for (const workspace of ['packages', 'apps']) {
  for (const name of await readdir(join(root, workspace))) {
    const pkgDir = join(root, workspace, name)
    if (!existsSync(join(pkgDir, 'package.json'))) continue
    const pkg = JSON.parse(await readFile(join(pkgDir, 'package.json'), 'utf8'))
    if (pkg.private) continue
    const { messages } = await publint({ pkgDir, strict: true, pack: false })
    for (const message of messages) console.error(`${pkg.name}: ${formatMessage(message, pkg)}`)
    problems += messages.length
  }
}
process.exitCode = problems === 0 ? 0 : 1
