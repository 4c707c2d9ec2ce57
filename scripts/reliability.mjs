// `pnpm reliability [PATH …]`: runs the reliability tests, and when all went well puts their figures into
// benchmarks/results/reliability.json and docs/reliability.md; with paths, in place of those rows alone.
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { cpus, release, tmpdir, totalmem, type } from 'node:os'
import { join } from 'node:path'
import { root } from './pnpm.mjs'
import { reliabilityPage } from './reliability-page.mjs'

/** Whoever hangs is ended, and the run has failed. */
const LIMIT_MS = 3 * 60 * 60 * 1000

const paths = process.argv.slice(2)
const startedAt = Date.now()
const folder = await mkdtemp(join(tmpdir(), 'ddnet-reliability-'))
try {
  const { status, signal } = spawnSync(
    process.execPath,
    ['node_modules/vitest/vitest.mjs', 'run', '--config', 'vitest.reliability.ts', '--maxWorkers=2', ...paths],
    { cwd: root, env: { ...process.env, DDNET_RELIABILITY_FOLDER: folder }, stdio: 'inherit', timeout: LIMIT_MS },
  )
  if (signal !== null) console.error(`reliability: stopped after ${LIMIT_MS / 3_600_000} hours: something hangs.`)
  if (status !== 0) process.exit(status ?? 1)
  const rows = []
  for (const file of (await readdir(folder)).sort()) rows.push(JSON.parse(await readFile(join(folder, file), 'utf8')))
  await keep(rows)
} finally {
  await rm(folder, { recursive: true, force: true })
}

async function keep(fresh) {
  const result = join(root, 'benchmarks/results/reliability.json')
  const commit = execFileSync('git', ['describe', '--always', '--dirty'], { cwd: root, encoding: 'utf8' }).trim()
  const date = new Date().toISOString()
  const isFresh = ({ table, row }) => fresh.some((each) => each.table === table && each.row === row)
  const before = paths.length === 0 ? { rows: [] } : JSON.parse(await readFile(result, 'utf8'))
  const others = before.rows.filter((row) => !isFresh(row))
  const minutes = paths.length === 0 ? Math.ceil((Date.now() - startedAt) / 60_000) : before.minutes
  const keyOf = ({ table, row }) => `${table} ${row}`
  const rows = [...others, ...fresh.map((row) => ({ ...row, commit, date }))].sort((a, b) =>
    keyOf(a) < keyOf(b) ? -1 : 1,
  )
  const machine = {
    cpu: cpus()[0].model,
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    os: `${type()} ${release()}`,
  }
  // The page first: it refuses rows that lack something.
  const page = reliabilityPage({ command: 'pnpm reliability', minutes, machine, rows })
  await writeFile(result, `${JSON.stringify({ command: 'pnpm reliability', minutes, machine, rows }, undefined, 2)}\n`)
  await writeFile(join(root, 'docs/reliability.md'), page)
}
