import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

// The workspace's own set-up, scripts/tensorflow-addon.mjs, with stand-ins for the tools it finds on the PATH.
const script = fileURLToPath(new URL('../../../scripts/tensorflow-addon.mjs', import.meta.url))

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ddnet-'))
  mkdirSync(join(folder, 'bin'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const environment = () => ({ PATH: join(folder, 'bin'), DDNET_CACHE: join(folder, 'cache') })
const tool = (name: string, body: string) =>
  writeFileSync(join(folder, 'bin', name), `#!/bin/sh\nPATH=/usr/bin:/bin\n${body}\n`, { mode: 0o755 })
const python = (onInstall: string) =>
  tool('python3', `case "$*" in *--version*) echo pip;; *print*) echo 3.12;; *) ${onInstall};; esac`)
const left = () => readdirSync(join(folder, 'cache', 'tensorflow'))

function setUp(): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [script], { env: environment() }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    )
  })
}

describe.skipIf(process.platform !== 'linux')('the set-up of TensorFlow', () => {
  test('without Python it says so, and installs nothing', async () => {
    expect(await setUp()).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('no python3 with pip') })
    expect(existsSync(join(folder, 'cache'))).toBe(false)
  })

  test('without a compiler it says so, and installs nothing', async () => {
    python('exit 1')
    expect(await setUp()).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('no C++ compiler') })
    expect(existsSync(join(folder, 'cache'))).toBe(false)
  })

  test('a pip that cannot fetch TensorFlow is a reason with its last words and the remedy, and leaves nothing', async () => {
    python('echo "no network" >&2; exit 3')
    tool('c++', 'exit 0')
    const { code, stderr } = await setUp()
    expect(code).toBe(1)
    expect(stderr).toMatch(/python3 -m pip could not fetch tensorflow-cpu 2\.21\.0 \(no network\); give pip an index/)
    expect(left()).toEqual([])
  })

  test('a failing compiler is an error with its words, and leaves no addon', async () => {
    // The last but one argument of pip is the target folder.
    python(
      'for a; do b=$t; t=$a; done; mkdir -p $b/tensorflow; touch $b/tensorflow/libtensorflow_cc.so.2 $b/tensorflow/libtensorflow_framework.so.2',
    )
    tool('c++', 'case "$*" in --version) exit 0;; esac; echo "no such header" >&2; exit 4')
    const { code, stderr } = await setUp()
    expect(code).toBe(1)
    expect(stderr).toMatch(/c\+\+ .*tfjs_backend\.cc .*\s+failed \(4\):\s+no such header/)
    expect(left().filter((name) => !name.endsWith('.partial'))).toEqual([])
  })

  test('after it was killed, the next one starts afresh', async () => {
    python(`touch ${join(folder, 'installing')}; sleep 60`)
    tool('c++', 'exit 0')
    const killed = spawn(process.execPath, [script], { env: environment(), detached: true, stdio: 'ignore' })
    while (!existsSync(join(folder, 'installing'))) await new Promise((resolve) => setTimeout(resolve, 20))
    await kill(killed)
    expect(left().some((name) => name.endsWith('.lock'))).toBe(true)
    python('echo "the second" >&2; exit 3')
    expect((await setUp()).stderr).toContain('the second')
    expect(left().some((name) => name.endsWith('.lock'))).toBe(false)
  })

  test('an addon that is there is used as it is', async () => {
    const name = `tensorflow-cpu-2.21.0-linux-${process.arch}`
    const path = join(folder, 'cache', 'tensorflow', name, 'tfjs_binding.node')
    mkdirSync(join(path, '..'), { recursive: true })
    symlinkSync(script, path)
    expect(await setUp()).toEqual({ code: 0, stdout: `${path}\n`, stderr: '' })
  })
})

/** Kills a process and those that it started. */
async function kill(child: ChildProcess): Promise<void> {
  const ended = new Promise((resolve) => child.once('exit', resolve))
  process.kill(-(child.pid as number), 'SIGKILL')
  await ended
}
