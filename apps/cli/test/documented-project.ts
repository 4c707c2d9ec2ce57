import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { lastItem } from '@ddnet/testing'
import { afterAll } from 'vitest'

const root = fileURLToPath(new URL('../../..', import.meta.url))

/**
 * A project with the code of some pages of documentation, as it stands there, and with what they say to install: blocks of JavaScript that begin
 * with the name of their file, and of HTML, which is `index.html`. It goes with the test file.
 */
export function documentedProject(...pages: readonly string[]): string {
  const project = realpathSync(mkdtempSync(join(tmpdir(), 'ddnet-exported-')))
  afterAll(() => rmSync(project, { recursive: true }))
  for (const name of pages) {
    const page = readFileSync(join(root, name), 'utf8')
    for (const [, name = '', code = ''] of page.matchAll(/```js\n\/\/ (\S+)\n([\s\S]*?)```/g))
      writeFileSync(join(project, name), code)
    for (const [, code = ''] of page.matchAll(/```html\n([\s\S]*?)```/g))
      writeFileSync(join(project, 'index.html'), code)
  }
  writeFileSync(join(project, 'package.json'), '{ "type": "module" }')
  mkdirSync(join(project, 'node_modules'))
  for (const path of ['packages/formats/node_modules/onnxruntime-web', 'apps/cli/node_modules/sharp'])
    symlinkSync(realpathSync(join(root, path)), join(project, 'node_modules', lastItem(path.split('/'))))
  return project
}
