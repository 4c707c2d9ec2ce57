import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { needsBackends } from './needs-backends.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ddnet-needs-'))
  mkdirSync(join(folder, 'src'))
  mkdirSync(join(folder, 'test'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function written(path: string, text: string): string {
  writeFileSync(join(folder, path), text)
  return join(folder, path)
}

test('a test of a plain function needs no backends, whatever the function’s file says', () => {
  written('src/name.ts', "export const name = 'webgpu'")
  const file = written('src/name.test.ts', "import { test } from 'vitest'\nimport { name } from './name.ts'")
  expect(needsBackends(file)).toBe(false)
})

test.each([
  "import { describeOp } from '@ddnet/testing'",
  "import { wasm } from '@ddnet/backend-wasm'",
  "import { execFile } from 'node:child_process'",
  "const { TensorFlow } = await import('./any.ts')",
])('a test with %s needs them', (line) => {
  expect(needsBackends(written('src/line.test.ts', line))).toBe(true)
})

test('so does one whose helper, or the helper of that, needs them; helpers may import each other', () => {
  written('test/session.ts', "import './helper.ts'\nimport { useBackend } from '@ddnet/testing'")
  written('test/helper.ts', "import './session.ts'")
  expect(needsBackends(written('src/run.test.ts', "import '../test/helper.ts'"))).toBe(true)
  written('test/plain.ts', "import './plain-too.ts'")
  written('test/plain-too.ts', "import './plain.ts'")
  expect(needsBackends(written('src/plain.test.ts', "import '../test/plain.ts'"))).toBe(false)
})
