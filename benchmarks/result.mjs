import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const results = join(root, 'benchmarks/results')

/** What was measured: the commit, and `-dirty` where files differ from it; `unknown` where there is no git. */
function measuredCommit() {
  try {
    const words = ['describe', '--always', '--dirty']
    return execFileSync('git', words, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
  } catch {
    return 'unknown'
  }
}

/**
 * What is measured and where, to be called before anything else is done: the benchmark itself is a load, too, and files may change
 * meanwhile.
 */
export function measurement() {
  const [minute, fiveMinutes] = loadavg()
  return {
    commit: measuredCommit(),
    date: new Date().toISOString(),
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    node: process.version,
    // When the measurement began.
    loadAverage: Math.max(minute, fiveMinutes),
  }
}

/** Why a result says nothing that can be kept; nothing where it does. */
export function doubtsAbout({ commit, loadAverage, cores }) {
  return [
    ...(commit === 'unknown' ? ['the commit is unknown, for there is no git here'] : []),
    ...(/-dirty$/.test(commit) ? [`files differ from the commit ${commit.replace('-dirty', '')}`] : []),
    ...(loadAverage >= cores
      ? [`the machine was busy: a load of ${loadAverage.toFixed(1)} on ${cores} core${cores === 1 ? '' : 's'}`]
      : []),
  ]
}

/**
 * Keeps a result among those that are committed, or, where it is in doubt, beside them where git does not look. A file that somebody named
 * elsewhere is theirs, and written.
 *
 * @param name of the file in `benchmarks/results`
 * @param result with what `measurement` said at the start
 * @param out a file in place of that one
 * @returns where it is kept, from the root of the repository
 */
export function keepResult(name, result, out) {
  const wanted = out === undefined ? join(results, name) : resolve(out)
  const doubts = dirname(wanted) === results ? doubtsAbout(result) : []
  const path = doubts.length === 0 ? wanted : join(root, '.cache/benchmarks', name)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, `${JSON.stringify(result, null, 2)}\n`)
  if (doubts.length > 0)
    console.log(
      `\nnot kept as a result: ${doubts.join('; ')}. Commit, wait until the machine is quiet, and measure again.`,
    )
  console.log(`${doubts.length === 0 ? '\n' : ''}${relative(process.cwd(), path)}`)
  return relative(root, path)
}
