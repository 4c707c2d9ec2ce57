import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { BackendUnavailable } from '@ddnet/ops'
import { describe, expect, test } from 'vitest'
import { writePhotos } from './photos.ts'
import { session, wasmOnly } from './session.ts'

const empty = { DDNET_CACHE: '/nowhere' }

/** A machine with an NVIDIA GPU besides. */
const withGpu: typeof wasmOnly = {
  ...wasmOnly,
  hasNvidiaDevice: () => true,
  open: (requested) => ({
    ...wasmOnly.open(requested),
    ...(requested === 'cuda' && {
      describe: async () => ({
        title: 'TensorFlow 2.21.0 on cuda:0',
        device: 'cuda:0',
        accelerated: true,
        versions: {},
      }),
      step: async () => 2.5,
      forward: async () => 0.5,
    }),
  }),
}

describe('bench', () => {
  test('says how long a step takes on each backend, the fastest first, and why one is missing', async () => {
    const { code, stdout, stderr } = await session({ start: withGpu, env: empty }).run('bench', 'batchSize=32')
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout).toContain('run       ddnet [32, 64, 128], 32×32 pixels, 32 images a step, adam\n')
    expect(stdout).toContain('webgpu    ✗ no adapter. Install a driver.\n')
    expect(stdout).toContain('cpu       ✗ the addon is missing.\n          → ddnet backend install tensorflow\n')
    const rows = stdout.split('\n').filter((line) => /^(backend|cuda|wasm) .*(least|%)/.test(line))
    expect(rows).toEqual([
      'backend  ms a step  least  spread  images/s  forward  memory',
      'cuda          2.50   2.50      0%    12,800     0.50       –',
      'wasm          12.5   12.5      0%     2,560     4.00  193 MB  5.0× as long',
    ])
    expect(stdout.replace(/\s+/g, ' ')).toContain(
      'data not measured: CIFAR-10 is not in /nowhere/cifar10. What fetches it: ddnet data prepare cifar10',
    )
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(80)
  })

  test('measures how fast the images come where they are here', async () => {
    const shell = session({ env: { DDNET_CACHE: 'cache' } })
    mkdirSync(join(shell.cwd, 'cache/cifar10'), { recursive: true })
    const env = { DDNET_CACHE: join(shell.cwd, 'cache') }
    const { stdout } = await session({ env }).run('bench', 'batchSize=8')
    expect(stdout.replace(/\s+/g, ' ')).toMatch(
      /data [\d,.]+ images\/s out of the loader, with its transforms, [\d.,]+ times what wasm trains/,
    )
  })

  test('of a folder also how fast its files are read; a broken one is no obstacle', async () => {
    const shell = session({ env: empty })
    await writePhotos(join(shell.cwd, 'photos'), { cats: 6, dogs: 3 })
    writeFileSync(join(shell.cwd, 'photos/cats/a.jpg'), 'no image')
    const { code, stdout } = await shell.run('bench', 'folder=photos', 'batchSize=4', '--json')
    expect(code).toBe(0)
    const { run, data } = JSON.parse(stdout)
    expect(run).toMatchObject({ 'data.size': 64, batchSize: 4, accumulate: 1 })
    expect(data).toEqual({
      imagesPerSecond: expect.any(Number),
      reading: { imagesPerSecond: expect.any(Number), images: 10 },
    })
  })

  test('--json is for programs', async () => {
    const { stdout } = await session({ start: withGpu, env: empty }).run('bench', '--json')
    const { version, machine, backends, data } = JSON.parse(stdout)
    expect([version, machine.node]).toEqual([expect.any(String), process.version])
    const same = (value: number) => ({ median: value, least: value, most: value })
    expect(backends.wasm).toEqual({
      available: true,
      title: 'WebAssembly for tests',
      device: 'wasm',
      accelerated: false,
      versions: {},
      step: same(12.5),
      forward: same(4),
      steps: 5 * 80,
      imagesPerSecond: 5120,
      peakMemoryBytes: 193e6,
      ratio: 5,
    })
    expect(backends.cuda).not.toHaveProperty('peakMemoryBytes')
    expect(backends.cpu).toEqual({
      available: false,
      reason: 'the addon is missing.',
      fix: 'ddnet backend install tensorflow',
    })
    expect(data.missing).toContain('/nowhere/cifar10')
  })

  test('--profile of one backend shows the time of each operator', async () => {
    const { stdout } = await session({ env: empty }).run('bench', '--backend', 'wasm', '--profile', '--steps', '7')
    expect(stdout).toMatch(/^a step, mean of 7 +12\.5 ms$/m)
    expect(stdout).toMatch(/^conv2d +forward +3 +11\.0 +88\.0%$/m)
    expect(await session().run('bench', '--profile')).toMatchObject({
      code: 2,
      stderr: 'ddnet: --profile is of one backend. Say which, as in --backend wasm\n',
    })
  })

  test('the backend that is asked for, and no other: exit code 4 where it is not here', async () => {
    const { stdout } = await session({ start: withGpu, env: empty }).run('bench', '--backend', 'wasm', '--json')
    expect(Object.keys(JSON.parse(stdout).backends)).toEqual(['wasm'])
    expect(await session({ env: empty }).run('bench', '--backend', 'webgpu')).toEqual({
      code: 4,
      stdout: '',
      stderr: 'ddnet: webgpu: no adapter. Install a driver.\n',
    })
  })

  test('a backend with an error of its own is said to have failed, and without any it is exit code 4', async () => {
    const failing = (error: Error): typeof wasmOnly => ({
      ...wasmOnly,
      open: (requested) => ({ ...wasmOnly.open(requested), step: () => Promise.reject(error) }),
    })
    const failed = await session({ start: failing(new TypeError('x is undefined')), env: empty }).run('bench')
    expect([failed.code, failed.stdout]).toEqual([4, expect.stringContaining('wasm      ✗ failed: x is undefined\n')])
    const none = await session({ start: failing(new BackendUnavailable('wasm: it crashed.')), env: empty }).run('bench')
    expect([none.code, none.stdout]).toEqual([4, expect.stringContaining('wasm      ✗ it crashed.\n')])
  })
})
