import { writeFile } from 'node:fs/promises'
import setUp from '../../test/global-setup.ts'
import { type BackendName, backendNames } from './backend-names.ts'
import { documentation, documentationPath } from './documentation.ts'
import { expectedPath, judge, readExpected, updated, type Verdict } from './judge.ts'
import type { Result } from './result.ts'
import { runTests } from './spawn.ts'

/**
 * Runs tfjs-core's tests on the named backends (default: all that this machine has) and compares with the expected
 * failures. `--update` writes those down anew; a run of all four backends also writes docs/conformance.md. `--stock` runs
 * tfjs's own kernels and gradients too, and lists what they pass and ours do not.
 *
 * @returns the exit code: 1 if anything is not as expected
 */
export async function main(args: readonly string[]): Promise<number> {
  const options = args.filter((each) => each.startsWith('--'))
  const named = args.filter((each) => !each.startsWith('--'))
  for (const name of named) {
    if (!(backendNames as readonly string[]).includes(name)) {
      console.error(`conformance: expected backends among ${backendNames.join(', ')}, got ${name}.`)
      return 2
    }
  }
  const backends = named.length > 0 ? (named as BackendName[]) : backendNames
  process.env['DDNET_TEST_BACKENDS'] = backends.join(',')
  await setUp()

  const verdicts = new Map<BackendName, Verdict>()
  let expected = readExpected()
  for (const backend of backends) {
    const missing = process.env[`DDNET_TEST_MISSING_${backend.toUpperCase()}`]
    if (missing !== undefined) {
      console.log(`${backend}: not here (${missing})`)
      continue
    }
    const began = performance.now()
    const results = await runTests(backend)
    if (options.includes('--update')) {
      expected = updated(expected, results, backend)
      await writeFile(expectedPath, `${JSON.stringify(expected, null, 2)}\n`)
    }
    const verdict = judge(results, backend, expected)
    verdicts.set(backend, verdict)
    const failed = [...verdict.failed.values()].flat().length
    const seconds = Math.round((performance.now() - began) / 1000)
    console.log(
      `${backend}: ${verdict.passed.length} passed, ${failed} failed as expected, ${verdict.pending.length} that tfjs skips, ${verdict.surprises.length} not as expected, ${seconds} s`,
    )
    for (const surprise of verdict.surprises) console.log(`  ${surprise}`)
    if (options.includes('--stock')) await compareWithStock(backend, results)
  }
  if (verdicts.size === backendNames.length) await writeFile(documentationPath, documentation(verdicts))
  return [...verdicts.values()].every(({ surprises }) => surprises.length === 0) ? 0 : 1
}

async function compareWithStock(backend: BackendName, ours: readonly Result[]): Promise<void> {
  const stock = await runTests(backend, 'stock')
  const failing = (results: readonly Result[]): Set<string> =>
    new Set(results.filter(({ status }) => status === 'failed').map(({ file, name }) => `${file}: ${name}`))
  const [inOurs, inStock] = [failing(ours), failing(stock)]
  console.log(
    `${backend}: ${inStock.size} fail with tfjs alone, ${inOurs.size} with ours; of these pass with tfjs alone:`,
  )
  for (const { file, name, status, message } of ours) {
    if (status === 'failed' && !inStock.has(`${file}: ${name}`)) console.log(`  ${file}: ${name}: ${message}`)
  }
}
