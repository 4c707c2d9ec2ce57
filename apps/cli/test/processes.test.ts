import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { describe, expect, onTestFinished, test } from 'vitest'

// The built command as the process that people run, on the real data.

const command = fileURLToPath(new URL('../dist/main.mjs', import.meta.url))
const built = existsSync(command)

const small = [
  'train',
  'model.channels=[8]',
  'batchSize=16',
  'steps=40',
  'validation.every=10',
  'validation.images=100',
  'checkpoint.every=4',
  '--backend',
  'wasm',
]

/** Variables of whoever runs the tests, which would change what the command says; the tests' own driver for WebGPU is slow. */
const leftOut = /^(NO_COLOR|FORCE_COLOR|CI|npm_.*|VK_.*|DDNET_(?!CACHE).*)$/

function folder(): string {
  const cwd = mkdtempSync(join(tmpdir(), 'ddnet-process-'))
  onTestFinished(() => rmSync(cwd, { recursive: true, force: true }))
  return cwd
}

function start(cwd: string, args: readonly string[]) {
  const inherited = Object.entries(process.env).filter(([name]) => !leftOut.test(name))
  const child = spawn(process.execPath, [command, ...args], { cwd, env: Object.fromEntries(inherited) })
  const written = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    written.stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    written.stderr += text
  })
  const ended = new Promise<{ code: number | null; signal: string | null; stdout: string; stderr: string }>((resolve) =>
    child.on('close', (code, signal) => resolve({ code, signal, ...written })),
  )
  return { child, ended, written }
}

const run = (cwd: string, args: readonly string[]) => start(cwd, args).ended

/** Waits for the run's first line, when it is in the middle of its training. */
async function firstLine({ child, written }: { child: ChildProcess; written: { stdout: string } }): Promise<void> {
  while (!written.stdout.includes('\n')) {
    if (child.exitCode !== null) throw new Error('the process ended before its first line')
    await sleep(5)
  }
}

const weights = (cwd: string) => readFileSync(join(cwd, 'runs/cifar10-quick/checkpoints/last/model.safetensors'))
const steps = (cwd: string) =>
  readFileSync(join(cwd, 'runs/cifar10-quick/metrics.jsonl'), 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line).step)

describe.skipIf(!built)(`the built command${built ? '' : ' (not built: run npm run build)'}`, () => {
  test('ends with the exit code of a usage error, and says nothing on stdout', async () => {
    expect(await run(folder(), ['train', 'epoch=3'])).toEqual({
      code: 2,
      signal: null,
      stdout: '',
      stderr: "ddnet: 'epoch=3' is not a valid setting (command line). Similar: epochs\n",
    })
  })

  test('survives a reader that has seen enough', async () => {
    const { child, ended } = start(folder(), ['config', '--explain', '--backend', 'wasm'])
    child.stdout.destroy()
    expect(await ended).toMatchObject({ code: 141, stderr: '' })
  })

  test('doctor tries and measures each backend in its own process, whose drivers stay off stderr', async () => {
    const { code, stdout, stderr } = await run(folder(), ['doctor', '--json'])
    expect(code).toBe(0)
    expect(stderr.replace(/^backend +measuring, once, .*\n/, '')).toBe('')
    const { backends, auto } = JSON.parse(stdout)
    expect(backends.wasm).toMatchObject({ available: true, gflops: expect.any(Number) })
    expect(backends.wasm.gflops).toBeGreaterThan(0)
    for (const { available, title, reason } of Object.values<Record<string, unknown>>(backends))
      expect(available ? title : reason).toMatch(/\w/)
    expect([backends.cuda.title, backends.webgpu.title, backends.cpu.title, backends.wasm.title]).toContain(auto.title)
  }, 300_000) // each of them may take a minute on a busy machine

  test('bench measures a run in a process of its own, on as many steps as are asked for', async () => {
    const words = ['model.channels=[8]', 'batchSize=16', 'accumulate=2', '--backend', 'wasm', '--steps', '6']
    const { code, stdout } = await run(folder(), ['bench', ...words, '--profile', '--json'])
    expect(code).toBe(0)
    const { backends, profile } = JSON.parse(stdout)
    const { step, forward, steps, imagesPerSecond, peakMemoryBytes } = backends.wasm
    expect(steps).toBe(6)
    expect(imagesPerSecond).toBeCloseTo(32_000 / step.median, 6)
    expect(forward.median).toBeGreaterThan(0)
    expect(peakMemoryBytes).toBeGreaterThan(30e6) // Node alone takes that
    expect(profile.kernels.find(({ kernel }: { kernel: string }) => kernel === 'adamUpdates')?.calls).toBe(1)
    const { code: usage, stderr } = await run(folder(), ['bench', 'preset=article', '--backend', 'wasm'])
    expect([usage, stderr]).toEqual([2, expect.stringMatching(/^ddnet: a step with batchSize=128 .* Try batchSize=/)])
  }, 120_000)

  test('SIGINT stops it with 130, SIGTERM with 143, SIGKILL anywhere; it ends with the same weights', async () => {
    const whole = folder()
    expect((await run(whole, small)).code).toBe(0)

    const cwd = folder()
    const first = start(cwd, small)
    await firstLine(first)
    first.child.kill('SIGINT')
    const interrupted = await first.ended
    expect([interrupted.code, interrupted.stderr.replace(' \\\n          ', ' ')]).toEqual([
      130,
      // Copied into this folder's shell, it works.
      expect.stringContaining(`go on     node ${relative(cwd, command)} train --resume runs/cifar10-quick\n`),
    ])

    const resume = ['train', '--resume', 'runs/cifar10-quick']
    const second = start(cwd, resume)
    await firstLine(second)
    second.child.kill('SIGTERM')
    expect((await second.ended).code).toBe(143)

    const third = start(cwd, resume)
    await firstLine(third)
    third.child.kill('SIGKILL')
    expect((await third.ended).signal).toBe('SIGKILL')

    expect((await run(cwd, resume)).code).toBe(0)
    expect(weights(cwd).equals(weights(whole))).toBe(true)
    expect(steps(cwd)).toEqual([10, 20, 30, 40])
  })
})
