import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'

/** What starts backends in tests: `@ddnet/testing`, a backend by name, or another process. */
const starting = /@ddnet\/testing|backend|webgpu|tensorflow|child_process/i

/**
 * Whether a test file may need WebGPU or TensorFlow: whether it, or what it imports by relative path of other files for tests, has one of a
 * few words in it. The products' own sources are not looked at, for most of them have.
 */
export function needsBackends(file: string, seen: Set<string> = new Set()): boolean {
  if (seen.has(file)) return false
  seen.add(file)
  const text = readFileSync(file, 'utf8')
  if (starting.test(text)) return true
  return [...text.matchAll(/\b(?:from|import)\s*\(?\s*['"](\.[^'"]+)['"]/g)]
    .map(([, path = '']) => resolve(dirname(file), path))
    .some((path) => isForTests(path) && needsBackends(path, seen))
}

const isForTests = (path: string): boolean => /[/\\]test[/\\].*\.ts$|\.(test|reliability)\.ts$/.test(path)
