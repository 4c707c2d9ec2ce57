import { readFileSync } from 'node:fs'
import type { BackendName } from './backend-names.ts'
import { reasonFor } from './reasons.ts'
import type { Result } from './result.ts'

/** `{ reason: { file: { test: 'cpu wasm' } } }`: which tests fail, on which backends, and why. */
export type Expected = Record<string, Record<string, Record<string, string>>>

export const expectedPath: URL = new URL('../expected-failures.json', import.meta.url)

export const readExpected = (): Expected => JSON.parse(readFileSync(expectedPath, 'utf8'))

/** A test's identity among all files. */
const key = (file: string, name: string): string => `${file}: ${name}`

/** The reason of each test that is expected to fail on `backend`. */
export function expectedOn(expected: Expected, backend: BackendName): Map<string, string> {
  const reasons = new Map<string, string>()
  for (const [reason, files] of Object.entries(expected)) {
    for (const [file, tests] of Object.entries(files)) {
      for (const [name, backends] of Object.entries(tests)) {
        if (backends.split(' ').includes(backend)) reasons.set(key(file, name), reason)
      }
    }
  }
  return reasons
}

export interface Verdict {
  /** Tests that pass. */
  readonly passed: readonly Result[]
  /** Tests that tfjs itself skips. */
  readonly pending: readonly Result[]
  /** Tests that fail as expected, by reason. */
  readonly failed: ReadonlyMap<string, readonly Result[]>
  /** What contradicts `expected`: one line a test. */
  readonly surprises: readonly string[]
}

/** Compares what happened on `backend` with what is expected there. */
export function judge(results: readonly Result[], backend: BackendName, expected: Expected): Verdict {
  const reasons = expectedOn(expected, backend)
  const failed = new Map<string, Result[]>()
  const surprises: string[] = []
  // Some tests of one file share a name: they are expected to fail if any of them is.
  const failing = new Set(results.filter(({ status }) => status === 'failed').map(({ file, name }) => key(file, name)))
  for (const result of results) {
    const { file, name, status, message } = result
    const reason = reasons.get(key(file, name))
    if (status === 'failed') {
      const now = reasonFor(result, backend)
      if (reason === undefined || now !== reason) {
        const was = reason === undefined ? '' : ` (expected: ${reason})`
        surprises.push(`fails: ${key(file, name)}: ${message}${was}`)
      } else failed.set(reason, [...(failed.get(reason) ?? []), result])
    }
  }
  const present = new Set(results.map(({ file, name }) => key(file, name)))
  for (const [test, reason] of reasons) {
    if (!present.has(test)) surprises.push(`is not there: ${test} (expected to fail: ${reason})`)
    else if (!failing.has(test)) surprises.push(`passes: ${test} (expected to fail: ${reason})`)
  }
  return {
    passed: results.filter(({ status }) => status === 'passed'),
    pending: results.filter(({ status }) => status === 'pending'),
    failed,
    surprises,
  }
}

/** `expected` with what now fails on `backend` for a known reason; a failure without one stays a surprise. */
export function updated(expected: Expected, results: readonly Result[], backend: BackendName): Expected {
  const entries = new Map<string, Set<string>>()
  const entry = (...path: string[]): Set<string> => {
    const id = JSON.stringify(path)
    const backends = entries.get(id) ?? new Set()
    entries.set(id, backends)
    return backends
  }
  for (const [reason, files] of Object.entries(expected)) {
    for (const [file, tests] of Object.entries(files)) {
      for (const [name, backends] of Object.entries(tests)) {
        for (const each of backends.split(' ')) if (each !== backend) entry(reason, file, name).add(each)
      }
    }
  }
  for (const result of results) {
    if (result.status !== 'failed') continue
    const reason = reasonFor(result, backend)
    if (reason !== undefined) entry(reason, result.file, result.name).add(backend)
  }
  const next: Expected = {}
  for (const [id, backends] of [...entries].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const [reason, file, name] = JSON.parse(id) as [string, string, string]
    next[reason] ??= {}
    next[reason][file] ??= {}
    next[reason][file][name] = [...backends].sort().join(' ')
  }
  return next
}
