// Breaks operators and kernels on purpose, one slip at a time, and counts how many the tests beside them catch.
// Run: pnpm mutation [--each N] [path …]
import { execFileSync } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { Writable } from 'node:stream'
import { parseArgs } from 'node:util'
import { createVitest } from 'vitest/node'
import { root } from '../pnpm.mjs'
import { equivalent, stale } from './equivalent.mjs'
import { mutantsOf } from './mutants.mjs'
import { targets } from './targets.mjs'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { each: { type: 'string', default: '8' } },
})

const all = await Promise.all(
  (await targets()).map(async (target) => {
    const code = await readFile(target.file, 'utf8')
    return { ...target, path: relative(root, target.file), code, mutants: mutantsOf(target.file, code) }
  }),
)
const gone = stale(all)
if (gone.length > 0) {
  console.error(
    `scripts/mutation/equivalent.mjs lists what no file has any more. Take it out, or name what stands there now:\n${gone.map((each) => `  ${each}\n`).join('')}`,
  )
  process.exit(1)
}

// What vitest loads in the place of a module.
const served = { module: undefined, code: undefined, count: 0 }
// What workers print is about mutants: errors of kernels that they do not find, and the end of a heap.
const discarded = new Writable({ write: (_chunk, _encoding, done) => done() })
process.env['DDNET_TEST_ALL'] = '1'
const vitest = await createVitest(
  'test',
  {
    root,
    config: join(root, 'vitest.mutation.ts'),
    watch: false,
    reporters: [{}],
    bail: 1,
    maxWorkers: 1,
    silent: true,
  },
  {
    plugins: [
      {
        name: 'mutant',
        enforce: 'pre',
        load: (id) => {
          if (id.split('?')[0] !== served.module) return null
          served.count++
          return served.code
        },
      },
    ],
  },
  { stdout: discarded, stderr: discarded },
)
await vitest.globTestSpecifications() // fills the list that getModuleSpecifications looks in

let [caught, survived, known] = [0, 0, 0]
const began = performance.now()
for (const target of all) {
  const { path, code } = target
  if (positionals.length > 0 && !positionals.some((each) => path.startsWith(each))) continue
  const mutants = sample(target.mutants, Number(values.each))
  if (mutants.length === 0) continue
  if (target.tests.length === 0) {
    console.log(`${path}: no test beside it`)
    survived += mutants.length
    continue
  }
  if (await isCaught(target, code)) {
    console.error(`${path}: its tests fail without a mutant.`)
    process.exit(1)
  }
  if (served.count === 0) throw new Error(`${path}: its tests do not load it, so that no mutant would be tried.`)
  const before = caught
  let [out, broken] = [0, 0]
  for (const each of mutants) {
    const result = await isCaught(target, each.code)
    if (result === undefined) broken++
    else if (result) caught++
    else if (equivalent(path, each) !== undefined) out++
    else {
      survived++
      console.log(`  survived: ${path}:${each.line}: ${each.kind}: ${oneLine(each.from)} → ${oneLine(each.to)}`)
    }
  }
  known += out
  const left = [out > 0 && `${out} equivalent`, broken > 0 && `${broken} do not compile`].filter(Boolean)
  console.log(
    `${path}: ${caught - before} of ${mutants.length - out - broken}${left.length > 0 ? ` (${left.join(', ')})` : ''}`,
  )
}
await vitest.close()
const seconds = Math.round((performance.now() - began) / 1000)
const share = caught / (caught + survived)
console.log(
  `caught ${caught} of ${caught + survived} mutants, ${(100 * share).toFixed(1)} %, in ${seconds} s; ${known} that change no result left out (scripts/mutation/equivalent.mjs)`,
)
process.exit(share >= 0.95 ? 0 : 1)

/** Whether a test fails with this code in the place of a target's; undefined where the code does not compile. */
async function isCaught({ module, load, tests, backend }, code) {
  let loaded
  try {
    loaded = await load(code)
  } catch {
    return undefined
  }
  process.env['DDNET_TEST_BACKENDS'] = backend
  Object.assign(served, { module, code: loaded, count: 0 })
  vitest.invalidateFile(module)
  vitest.state.filesMap.clear() // `bail` counts the failures of earlier runs too
  // A mutant may loop for ever; that is noticed too.
  const watchdog = setTimeout(() => execFileSync('pkill', ['-KILL', '-P', String(process.pid)]), 180_000)
  try {
    const specifications = tests.flatMap((test) => vitest.getModuleSpecifications(test))
    const { testModules, unhandledErrors } = await vitest.runTestSpecifications(specifications, false)
    return unhandledErrors.length > 0 || testModules.some((each) => each.state() === 'failed')
  } finally {
    clearTimeout(watchdog)
    Object.assign(served, { module: undefined, code: undefined })
    vitest.invalidateFile(module)
  }
}

/** At most `count`, evenly spread. */
function sample(mutants, count) {
  if (mutants.length <= count) return mutants
  return Array.from({ length: count }, (_, index) => mutants[Math.floor(((index + 0.5) * mutants.length) / count)])
}

function oneLine(text) {
  const line = text.replace(/\s+/g, ' ')
  return line.length > 60 ? `${line.slice(0, 57)}…` : line
}
