import { missing } from '@ddnet/testing'
import { describe, expect, test } from 'vitest'
import type { BackendName } from './src/backend-names.ts'
import { judge, readExpected } from './src/judge.ts'
import { runTests } from './src/spawn.ts'

/** All of tfjs-core's tests run here on two backends, and on the others in `pnpm conformance`. */
const quick: BackendName[] = ['cpu', 'wasm']
const chosen = process.env['DDNET_TEST_BACKENDS']?.split(',')

for (const backend of quick.filter((each) => chosen?.includes(each) !== false && missing(each) === undefined)) {
  const results = await runTests(backend)
  const { failed, surprises } = judge(results, backend, readExpected())
  const asExpected = new Set([...failed.values()].flat())

  describe(`tfjs-core's own tests on ${backend}`, () => {
    for (const result of results) {
      if (asExpected.has(result)) continue
      const name = `${result.file}: ${result.name}`
      if (result.status === 'pending') test.skip(`${name} (tfjs itself skips it)`, () => {})
      else test(name, () => expect(result).toMatchObject({ status: 'passed', message: '' }))
    }
    test('exactly those fail that are expected to, each for its reason', () => expect(surprises).toEqual([]))
  })
}
