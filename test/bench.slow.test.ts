import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const main = fileURLToPath(new URL('../benchmarks/main.mjs', import.meta.url))
const run = promisify(execFile)

test('the WASM benchmark runs, once and small, and writes what it measured', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'ddnet-bench-'))
  try {
    const out = join(folder, 'result.json')
    // Without PyTorch, so that the result does not depend on what this machine has.
    const env = { ...process.env, DDNET_PYTHON: join(folder, 'no-python') }
    const { stdout } = await run(
      process.execPath,
      [main, 'wasm', 'batch=2', 'rounds=1', 'steps=1', 'jax=0', `out=${out}`],
      {
        env,
      },
    )
    expect(stdout).toContain('DDNet training step, batch 2')
    const result = JSON.parse(await readFile(out, 'utf8'))
    expect(result.step.map(({ name }: { name: string }) => name)).toContain('composed tfjs-wasm, 1 thread')
    const milliseconds = result.operators.flatMap(({ own, stock }: Record<string, number>) => [own, stock])
    expect(milliseconds.length).toBeGreaterThan(0)
    expect(milliseconds.every((each: number) => each > 0)).toBe(true)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})

test('the WebGPU benchmark compares one operator with tfjs-backend-webgpu, and writes what it measured', async (context) => {
  const missing = process.env['DDNET_TEST_MISSING_WEBGPU']
  context.skip(missing !== undefined, missing)
  const folder = await mkdtemp(join(tmpdir(), 'ddnet-bench-'))
  try {
    const out = join(folder, 'result.json')
    const options = ['batch=1', 'rounds=1', 'only=crossEntropy', `out=${out}`]
    const { stdout } = await run(process.execPath, [main, 'webgpu', ...options])
    expect(stdout).toContain('| crossEntropy of 10 classes, with gradients |')
    const { rows, adapter } = JSON.parse(await readFile(out, 'utf8'))
    expect(adapter).toMatch(/\w{3,}/)
    expect(rows.map(({ name }: { name: string }) => name)).toEqual([
      'crossEntropy of 10 classes',
      'crossEntropy of 10 classes, with gradients',
    ])
    for (const { own, stock } of rows) expect(own.dispatches).toBeLessThan(stock.dispatches)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})

test('the benchmark of loaders runs, once and small, and writes what it measured', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'ddnet-bench-'))
  try {
    const out = join(folder, 'result.json')
    const env = { ...process.env, DDNET_PYTHON: join(folder, 'no-python') }
    await run(process.execPath, [main, 'data', 'rounds=1', 'cifar=128', 'jpeg=32', 'workers=1', `out=${out}`], { env })
    const { rows } = JSON.parse(await readFile(out, 'utf8'))
    expect(rows.map(({ name }: { name: string }) => name)).toEqual(['CIFAR, flip + crop', 'JPEG', 'JPEG, 1 workers'])
    for (const { imagesPerSecond } of rows) expect(imagesPerSecond).toBeGreaterThan(0)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})

test('a benchmark that does not exist is an error that names those that do', async () => {
  await expect(run(process.execPath, [main, 'nothing'])).rejects.toMatchObject({
    code: 2,
    stderr: 'bench: expected one of data, models, node, wasm, webgpu, got nothing.\n',
  })
})
