import type { StdioOptions } from 'node:child_process'
import { existsSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { hangUp, noPty } from './hang-up.ts'
import { writePhotos } from './photos.ts'
import { env, noFull, startChild } from './start-child.ts'

// The command as a process of its own, from its sources, whose output nobody reads or can be written.

const root = fileURLToPath(new URL('../../..', import.meta.url))
const command = [join(root, 'scripts/run-source.mjs'), join(root, 'apps/cli/src/main.ts')]
const cwd = mkdtempSync(join(tmpdir(), 'ddnet-unwatched-'))
beforeAll(() => writePhotos(join(cwd, 'photos'), { cats: 20, dogs: 20 }))
afterAll(() => rmSync(cwd, { recursive: true }))

const start = (words: readonly string[], stdio?: StdioOptions) => startChild(cwd, [...command, ...words], stdio)

const training = (name: string) => [
  ...['train', 'folder=photos', 'data.size=16', 'model.channels=[4]', 'batchSize=4', 'steps=60', 'validation.every=10'],
  ...['backend=wasm', `name=${name}`],
]
const stepOf = (name: string) => JSON.parse(readFileSync(join(cwd, 'runs', name, 'result.json'), 'utf8')).step
const full = () => openSync('/dev/full', 'w')

describe('training goes on to its end', () => {
  test('where the reader of standard output has seen enough: 141, and nothing is said of it', async () => {
    const { child, ended, says } = start(training('closed'))
    await says('stdout')
    child.stdout?.destroy()
    const { code, stderr } = await ended
    expect(code).toBe(141)
    expect(stderr).not.toMatch(/EPIPE|^ {4}at /m)
    expect(stepOf('closed')).toBe(60)
  })

  test('where nobody reads standard error and output', async () => {
    const { child, ended, says } = start(training('deaf'))
    await says('stderr')
    child.stderr?.destroy()
    child.stdout?.destroy()
    expect((await ended).code).toBe(141)
    expect(stepOf('deaf')).toBe(60)
  })

  test.skipIf(noFull !== undefined)(`where standard output is full: 74 (${noFull ?? '/dev/full'})`, async () => {
    const { code, stderr } = await start(training('full'), ['ignore', full(), 'pipe']).ended
    expect(code).toBe(74)
    expect(stderr).toMatch(/^ddnet: standard output could not be written: the disk is full\. What it had is lost\.$/m)
    expect(stderr).not.toMatch(/^ {4}at /m)
    expect(stepOf('full')).toBe(60)
  })

  test.skipIf(noFull !== undefined)(`where standard error is full: 74 (${noFull ?? '/dev/full'})`, async () => {
    const { code, stdout } = await start(training('error-full'), ['ignore', 'pipe', full()]).ended
    expect(code).toBe(74)
    expect(stdout).toContain('validation accuracy')
    expect(stepOf('error-full')).toBe(60)
  })

  test('where the terminal is gone', async () => {
    const { child, ended, says } = start(training('hangup'))
    await says('stdout')
    child.kill('SIGHUP')
    expect(await ended).toMatchObject({ code: 0, signal: null })
    expect(stepOf('hangup')).toBe(60)
  })

  test.skipIf(noPty !== undefined)(
    `where the window is closed: 74, with all that it saves (${noPty ?? 'a pty'})`,
    async () => {
      expect(await hangUp([process.execPath, ...command, ...training('window')], { cwd, env })).toEqual(['74', ''])
      expect(stepOf('window')).toBe(60)
      expect(readdirSync(join(cwd, 'runs/window/checkpoints/last'))).toContain('model.safetensors')
    },
  )

  test('where its output is read slowly', async () => {
    const { child, ended, says } = start(training('slow'))
    await says('stderr')
    child.stdout?.pause()
    child.stderr?.pause()
    const result = join(cwd, 'runs/slow/result.json')
    while (!existsSync(result)) await new Promise((resolve) => setTimeout(resolve, 50))
    child.stdout?.resume()
    child.stderr?.resume()
    expect(await ended).toMatchObject({ code: 0, stdout: expect.stringContaining('validation accuracy') })
  })
})

describe('other commands end quietly', () => {
  test.each([['config', '--backend', 'wasm', '--explain'], ['runs', 'list'], ['--help']])('%s', async (...words) => {
    const { child, ended } = start(words)
    child.stdout?.destroy()
    expect(await ended).toMatchObject({ code: 141, stderr: '' })
  })

  test.skipIf(noFull !== undefined)(`of a full disk they say so (${noFull ?? '/dev/full'})`, async () => {
    const { code, stderr } = await start(['config', '--backend', 'wasm'], ['ignore', full(), 'pipe']).ended
    expect([code, stderr]).toEqual([
      74,
      'ddnet: standard output could not be written: the disk is full. What it had is lost.\n',
    ])
  })
})
