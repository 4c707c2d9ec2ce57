import type { StdioOptions } from 'node:child_process'
import { mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'
import { hangUp, noPty } from './hang-up.ts'
import { env, noFull, startChild } from './start-child.ts'
import { missingCommand } from './trouble.ts'

// `npm start` behind its preparation, which a test has no time for, with the built command.

const root = fileURLToPath(new URL('../../..', import.meta.url))
const cwd = mkdtempSync(join(tmpdir(), 'ddnet-npm-start-'))
afterAll(() => rmSync(cwd, { recursive: true }))

const prepared = `
import { train } from ${JSON.stringify(join(root, 'scripts/train.mjs'))}
const seconds = (count) => new Promise((resolve) => setTimeout(resolve, 1000 * count))
await train(process.argv.slice(1), {
  prepare: async () => {
    process.stderr.write('building\\n')
    await seconds(0.3)
    process.stderr.write('built\\n')
    await seconds(0.3)
  },
})`
/** Node's words. */
const start = (...words: string[]) => ['--input-type=module', '-e', prepared, '--', ...words]
const training = (name: string) =>
  start(
    ...['model.channels=[4]', 'batchSize=4', 'steps=40', 'validation.every=10', 'validation.images=50'],
    ...['backend=wasm', `name=${name}`],
  )

const run = (words: readonly string[], stdio?: StdioOptions) => startChild(cwd, words, stdio)

const stepOf = (name: string) => JSON.parse(readFileSync(join(cwd, 'runs', name, 'result.json'), 'utf8')).step
const named = (missing: string | undefined) => (missing === undefined ? '' : ` (${missing})`)

describe.skipIf(missingCommand !== undefined)(`npm start${named(missingCommand)}`, () => {
  test('trains to its end where the reader of its output has seen enough: 141', async () => {
    const { child, ended, says } = run(training('closed'))
    await says('stdout')
    child.stdout?.destroy()
    const { code, stderr } = await ended
    expect([code, stderr.match(/EPIPE|^ {4}at .*/gm)]).toEqual([141, null])
    expect(stepOf('closed')).toBe(40)
  })

  test('trains to its end where the reader is gone before it has built anything: 141', async () => {
    const { child, ended } = run(training('deaf'))
    child.stderr?.destroy()
    child.stdout?.destroy()
    expect((await ended).code).toBe(141)
    expect(stepOf('deaf')).toBe(40)
  })

  test.skipIf(noFull !== undefined)(`trains to its end where nothing can be written: 74${named(noFull)}`, async () => {
    const full = openSync('/dev/full', 'w')
    expect((await run(training('full'), ['ignore', full, full]).ended).code).toBe(74)
    expect(stepOf('full')).toBe(40)
  })

  test.skipIf(noPty !== undefined)(`trains to its end where the window is closed: 74${named(noPty)}`, async () => {
    expect(await hangUp([process.execPath, ...training('window')], { cwd, env })).toEqual(['74', ''])
    expect(stepOf('window')).toBe(40)
    expect(readdirSync(join(cwd, 'runs/window/checkpoints/last'))).toContain('model.safetensors')
  })

  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('finishes its step, saves it and ends at %s with %i', async (name, expected) => {
    const { child, ended, says } = run(training(name))
    await says('stdout')
    child.kill(name)
    const { code, signal, stderr } = await ended
    expect([code, signal]).toEqual([expected, null])
    expect(stderr).toMatch(new RegExp(`^go on +npm start -- --resume runs/${name}$`, 'm'))
  })

  test('ends as the command does where that refuses: 2', async () => {
    const { code, stderr } = await run(start('epoch=3')).ended
    expect([code, stderr]).toEqual([2, expect.stringMatching(/^building\nbuilt\nddnet: .*epochs/s)])
  })
})

test('what npm start runs to prepare ends with it at a signal, and tells which it was', async () => {
  const script = `
import { CommandFailed, run } from ${JSON.stringify(join(root, 'scripts/pnpm.mjs'))}
import { train } from ${JSON.stringify(join(root, 'scripts/train.mjs'))}
const waits = "process.stdout.write('x'); setTimeout(() => {}, 60_000)"
await train([], {
  prepare: () => {
    setTimeout(() => process.stderr.write('building'), 500)
    return run([process.execPath, '-e', waits])
  },
})`
  const { child, ended, says } = run(['--input-type=module', '-e', script])
  await says('stderr')
  child.kill('SIGHUP')
  expect(await ended).toMatchObject({ code: 129, signal: null, stderr: expect.stringContaining('was ended by SIGHUP') })
})
