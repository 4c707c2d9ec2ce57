// `pnpm reliability [PATH …]`: runs the reliability tests. When all of them ran, their figures go into
// benchmarks/results/reliability.json and docs/reliability.md; of some of them, they are only printed.
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { cpus, release, tmpdir, totalmem, type } from 'node:os'
import { join } from 'node:path'
import { root } from './pnpm.mjs'
import { reliabilityPage } from './reliability-page.mjs'

/** Whoever hangs is ended, and the run has failed. */
const LIMIT_MS = 3 * 60 * 60 * 1000

const paths = process.argv.slice(2)
const folder = await mkdtemp(join(tmpdir(), 'ddnet-reliability-'))
try {
  const { status, signal } = spawnSync(
    process.execPath,
    ['node_modules/vitest/vitest.mjs', 'run', '--config', 'vitest.reliability.ts', ...paths],
    { cwd: root, env: { ...process.env, DDNET_RELIABILITY_FOLDER: folder }, stdio: 'inherit', timeout: LIMIT_MS },
  )
  if (signal !== null) console.error(`reliability: stopped after ${LIMIT_MS / 3_600_000} hours: something hangs.`)
  if (status !== 0) process.exit(status ?? 1)
  const rows = []
  for (const file of (await readdir(folder)).sort()) rows.push(JSON.parse(await readFile(join(folder, file), 'utf8')))
  if (paths.length > 0) console.log(JSON.stringify(rows, undefined, 2))
  else await keep(rows)
} finally {
  await rm(folder, { recursive: true, force: true })
}

async function keep(rows) {
  const result = {
    command: 'pnpm reliability',
    commit: execFileSync('git', ['describe', '--always', '--dirty'], { cwd: root, encoding: 'utf8' }).trim(),
    date: new Date().toISOString(),
    machine: {
      cpu: cpus()[0].model,
      cores: cpus().length,
      memoryGb: Math.round(totalmem() / 2 ** 30),
      node: process.version,
      os: `${type()} ${release()}`,
    },
    rows,
  }
  // The page first: it refuses rows that lack something.
  const page = reliabilityPage(result)
  await writeFile(join(root, 'benchmarks/results/reliability.json'), `${JSON.stringify(result, undefined, 2)}\n`)
  await writeFile(join(root, 'docs/reliability.md'), page)
}
