import { spawn } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Result } from './result.ts'

const folder = fileURLToPath(new URL('..', import.meta.url))
const core = join(
  dirname(createRequire(join(folder, 'package.json')).resolve('@tensorflow/tfjs-core/package.json')),
  'dist',
)

/** All of tfjs-core's test files. */
export const testFiles = (): string[] =>
  readdirSync(core, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('_test.js'))
    .map((file) => file.replaceAll('\\', '/'))
    .sort()

/** Runs tfjs-core's tests on one backend, in a process of its own. */
export async function runTests(backend: string, kernels: 'ours' | 'stock' = 'ours'): Promise<Result[]> {
  const temporary = await mkdtemp(join(tmpdir(), 'ddnet-conformance-'))
  const out = join(temporary, 'results.jsonl')
  try {
    await node(join(folder, 'child.mjs'), JSON.stringify({ backend, kernels, files: testFiles(), out }))
    const lines = (await readFile(out, 'utf8')).trim().split('\n')
    return lines.map((line): Result => JSON.parse(line))
  } finally {
    await rm(temporary, { recursive: true, force: true })
  }
}

/** What tfjs's tests print is kept, and told only if the process fails. */
function node(...args: string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (output += data))
    child.on('error', reject)
    child.on('close', (code) => {
      if (code === 0) resolve()
      else reject(new Error(`tfjs-core's tests ended with code ${code}:\n${output.slice(-4000)}`))
    })
  })
}
