import { describe, expect, test } from 'vitest'
import { type Expected, judge, updated } from './judge.ts'
import type { Result } from './result.ts'

const file = 'ops/abs_test.js'
const missing = "Error: Kernel 'Abs' not registered for backend 'wasm'"
const reason = 'tfjs: the backend has no such kernel'
const result = (name: string, status: Result['status'], message = ''): Result => ({ file, name, status, message })
const expected: Expected = { [reason]: { [file]: { one: 'wasm webgpu' } } }

const surprises = (...results: Result[]): readonly string[] => judge(results, 'wasm', expected).surprises

describe('a run is compared with what is expected', () => {
  test('an expected failure is none', () => {
    const verdict = judge([result('one', 'failed', missing), result('two', 'passed')], 'wasm', expected)
    expect(verdict.surprises).toEqual([])
    expect([...verdict.failed]).toEqual([[reason, [result('one', 'failed', missing)]]])
    expect(verdict.passed).toEqual([result('two', 'passed')])
  })

  test('a failure that is not listed is a surprise', () => {
    const [line, ...others] = surprises(result('one', 'failed', missing), result('two', 'failed', missing))
    expect(line).toBe(`fails: ${file}: two: ${missing}`)
    expect(others).toEqual([])
  })

  test('so is a pass that is not expected', () => {
    expect(surprises(result('one', 'passed'))).toEqual([`passes: ${file}: one (expected to fail: ${reason})`])
  })

  test('so is another reason', () => {
    expect(surprises(result('one', 'failed', 'Arrays differ'))).toEqual([
      `fails: ${file}: one: Arrays differ (expected: ${reason})`,
    ])
  })

  test('so is a listed test that did not run', () => {
    expect(surprises()).toEqual([`is not there: ${file}: one (expected to fail: ${reason})`])
  })

  test('other backends have their own list', () => {
    expect(judge([result('one', 'passed')], 'cpu', expected).surprises).toEqual([])
  })
})

describe('an update', () => {
  test('lists what fails for a known reason and leaves the other backends alone', () => {
    const results = [result('one', 'passed'), result('two', 'failed', missing), result('three', 'failed', 'who knows')]
    expect(updated(expected, results, 'wasm')).toEqual({ [reason]: { [file]: { one: 'webgpu', two: 'wasm' } } })
  })
})
