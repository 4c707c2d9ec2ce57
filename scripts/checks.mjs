import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { CommandFailed, root, run } from './pnpm.mjs'
import { build, install } from './prepare.mjs'
import { step } from './step.mjs'

const tool = (path) => [process.execPath, join(root, 'node_modules', path)]

/** A script of package.json that turbo runs, unless it passed before on the same files. */
const script = (label, name) => (env) =>
  step(label, () => run([...tool('turbo/bin/turbo'), 'run', `//#${name}`, '--output-logs=errors-only'], env))

/** What must hold of the whole workspace; each counts as one test. */
const checks = [
  ['build', (env) => build(env)],
  ['types', script('checking types', 'typecheck')],
  ['style', script('checking style', 'lint')],
  ['unused code', script('looking for unused code', 'knip')],
  ['packages', script('checking packages', 'publint')],
]

/**
 * Installs, runs the checks and then the tests, and ends with `N passed, N failed, N skipped` alone on a line.
 * `args` go to vitest: a path narrows the tests down. Without `args` there are no tests.
 */
export async function runChecks(args) {
  const total = { passed: 0, failed: 0, skipped: 0 }
  const attempt = async (name, action) => {
    try {
      return await action()
    } catch (error) {
      if (!(error instanceof CommandFailed)) throw error
      total.failed++
      process.stderr.write(`\n${name}:\n${error.output}\n${error.message}\n`)
      console.log(`failed: ${name}`)
    }
  }
  const env = await attempt('install', install)
  if (env === undefined) return report(total)
  for (const [name, check] of checks) {
    const failed = total.failed
    await attempt(name, () => check(env))
    if (total.failed === failed) total.passed++
  }
  if (args === undefined) report(total)
  else await runTests(args, env, total)
}

/** Runs the tests alone, adds them to `total`, and reports. */
export async function runTests(args, env = process.env, total = { passed: 0, failed: 0, skipped: 0 }) {
  const tests = await runVitest(env, args)
  for (const key of Object.keys(total)) total[key] += tests[key]
  report(total)
}

function report({ passed, failed, skipped }) {
  console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`)
  process.exitCode = failed === 0 ? 0 : 1
}

/** Runs vitest in this terminal and counts its tests; a file that does not load counts as one failure. */
async function runVitest(env, args) {
  const folder = await mkdtemp(join(tmpdir(), 'ddnet-test-'))
  const report = join(folder, 'report.json')
  try {
    const workers = args.some((word) => word.startsWith('--maxWorkers')) ? [] : ['--maxWorkers=2']
    const flags = [...workers, '--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
    const code = await inherit([...tool('vitest/vitest.mjs'), 'run', ...flags, ...args], env)
    const { testResults, numPassedTests, numFailedTests } = JSON.parse(await readFile(report, 'utf8'))
    const skipped = testResults.flatMap(({ assertionResults }) =>
      assertionResults.filter(({ status }) => status !== 'passed' && status !== 'failed'),
    )
    const broken = testResults.filter(
      ({ status, assertionResults }) =>
        status === 'failed' && assertionResults.every((each) => each.status !== 'failed'),
    )
    for (const reason of reasons(skipped)) console.log(`skipped: ${reason}`)
    for (const line of failures(testResults, broken)) console.log(`failed: ${line}`)
    const failed = numFailedTests + broken.length
    // Vitest can also fail without a failing test, for an error that no test caught.
    return { passed: numPassedTests, failed: code !== 0 && failed === 0 ? 1 : failed, skipped: skipped.length }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** The names of the skipped groups, which say why, each once with its count. */
function reasons(skipped) {
  const counts = new Map()
  for (const { ancestorTitles, title } of skipped) {
    const titles = [...ancestorTitles, title]
    // The reason stands in brackets at the end of one of them.
    const reason = titles.findIndex((each) => each.endsWith(')'))
    const name = titles.slice(0, Math.max(reason, 0) + 1).join(' > ')
    counts.set(name, (counts.get(name) ?? 0) + 1)
  }
  return [...counts].map(([name, count]) => `${count} × ${name}`)
}

/** Every failed test with its file and what it said, at the end, where one looks first and where a long log is still whole. */
function failures(files, broken) {
  const place = ({ name }) => relative(root, name)
  const said = (text) =>
    stripVTControlCharacters(text ?? '')
      .trim()
      .slice(0, 600)
  return [
    ...broken.map((file) => `${place(file)}: ${said(file.message)}`),
    ...files.flatMap((file) =>
      file.assertionResults
        .filter(({ status }) => status === 'failed')
        .map(({ fullName, failureMessages }) => `${place(file)} > ${fullName}: ${said(failureMessages?.[0])}`),
    ),
  ]
}

function inherit([command, ...rest], env) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, rest, { cwd: root, env, stdio: ['ignore', 'inherit', 'inherit'] })
    child.on('error', reject)
    child.on('close', (code) => resolve(code ?? 1))
  })
}
