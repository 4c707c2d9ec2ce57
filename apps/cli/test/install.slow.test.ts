import { spawn } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { cacheDirectory } from '@ddnet/datasets/node'
import { describeBackends, entryOf } from '@ddnet/testing'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

// The built command as the process that people run: without TensorFlow, while it is installed, and with it.

const command = fileURLToPath(new URL('../dist/main.mjs', import.meta.url))
const built = existsSync(command)
const whetherBuilt = built ? '' : ' (not built: run npm run build)'

let folder: string
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'ddnet-command-')))
})
afterEach(() => rmSync(folder, { recursive: true }))

/** Variables of whoever runs the tests, which would change what the command says or finds. */
const leftOut = /^(NO_COLOR|FORCE_COLOR|CI|CXX|npm_.*|DDNET_.*)$/

function start(args: readonly string[], environment: Record<string, string> = {}) {
  const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !leftOut.test(name)))
  const env = { ...inherited, DDNET_CACHE: join(folder, 'cache'), ...environment }
  const child = spawn(process.execPath, [command, ...args], { cwd: folder, env })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
  }
  const ended = new Promise<{ code: number | null; output: string }>((resolve) =>
    child.on('close', (code) => resolve({ code, output: output.replace(/\s+/g, ' ') })),
  )
  return { child, ended }
}

const run = (args: readonly string[], environment?: Record<string, string>) => start(args, environment).ended

describe.skipIf(!built)(`the command${whetherBuilt}`, () => {
  describeBackends('before and after the installation', () => {
    test('trains on WebAssembly and says how to get TensorFlow; then on the faster of both, and on TensorFlow when asked', async () => {
      const data = join(cacheDirectory(), 'cifar10')
      mkdirSync(data, { recursive: true })
      mkdirSync(join(folder, 'cache'))
      symlinkSync(data, join(folder, 'cache', 'cifar10'))
      const train = ['train', 'cifar10', 'preset=quick', 'steps=4', 'validation.images=100', 'model.channels=[8]']
      const addon = realpathSync(entryOf(process.env, 'DDNET_TENSORFLOW_ADDON'))

      const before = await run(train)
      expect(before).toMatchObject({ code: 0, output: expect.stringMatching(/backend +WebAssembly/) })
      expect(before.output).toContain('dist/main.mjs backend install tensorflow)')
      expect(await run([...train, '--backend', 'tensorflow'])).toMatchObject({
        code: 4,
        output: expect.stringMatching(/Run: node \S+main\.mjs backend install tensorflow/),
      })

      const install = ['backend', 'install', 'tensorflow', '--from', addon]
      expect(await run(install)).toMatchObject({ code: 0, output: expect.stringContaining('is installed:') })
      expect(await run(install)).toMatchObject({ code: 0, output: expect.stringContaining('is there already:') })

      const after = await run(train)
      const [, fastest, first, second] =
        /auto: (TensorFlow|WebAssembly) ([\d.]+) ms a step, \w+ ([\d.]+) ms a step/.exec(after.output) ?? []
      expect(Number(first)).toBeLessThanOrEqual(Number(second))
      expect(after.output).toMatch(new RegExp(`backend +${fastest}`))
      expect(await run([...train, '--backend', 'tensorflow'])).toMatchObject({
        code: 0,
        output: expect.stringMatching(/backend +TensorFlow \S+ on/),
      })

      expect(await run(['backend', 'remove', 'tensorflow'])).toMatchObject({ code: 0 })
      expect(readdirSync(join(folder, 'cache', 'tensorflow'))).toEqual([])
      expect(existsSync(addon)).toBe(true)
    })
  }, ['tensorflow'])

  describe.skipIf(process.platform !== 'linux')('the installation', () => {
    /** A Python whose pip begins, and goes on for a minute; a compiler. */
    function slowTools(): Record<string, string> {
      const tool = (name: string, body: string) =>
        writeFileSync(join(folder, name), `#!/bin/sh\nPATH=/usr/bin:/bin\n${body}\n`, { mode: 0o755 })
      tool('c++', 'exit 0')
      tool(
        'python3',
        `case "$*" in *--version*) echo pip 25.0;; *calcsize*) echo 3.12 64;; *) echo $$ > ${folder}/pid; sleep 60;; esac`,
      )
      return { PATH: folder }
    }
    const left = () => readdirSync(join(folder, 'cache', 'tensorflow'))

    test.each([
      ['SIGINT', 130],
      ['SIGTERM', 143],
    ] as const)('that gets %s ends with %i and leaves nothing', async (signal, code) => {
      const { child, ended } = start(['backend', 'install', 'tensorflow'], slowTools())
      while (!existsSync(join(folder, 'pid'))) await sleep(20)
      child.kill(signal)
      expect(await ended).toEqual({ code, output: expect.stringContaining('stopped nothing was installed') })
      expect(left()).toEqual([])
    })

    test('that was killed leaves no TensorFlow, and the next one clears it away', async () => {
      const tools = slowTools()
      const { child } = start(['backend', 'install', 'tensorflow'], tools)
      const killed = new Promise((resolve) => child.on('exit', resolve))
      while (!existsSync(join(folder, 'pid'))) await sleep(20)
      child.kill('SIGKILL')
      await killed
      process.kill(-Number(readFileSync(join(folder, 'pid'), 'utf8')), 'SIGKILL') // a stand-in goes on without us
      expect(await run(['train', 'cifar10', '--backend', 'tensorflow'])).toMatchObject({ code: 4 })
      expect(left()).not.toEqual([])
      expect(await run(['backend', 'remove', 'tensorflow'])).toEqual({
        code: 0,
        output: 'no TensorFlow is installed ',
      })
      expect(left()).toEqual([])
    })
  })
})
