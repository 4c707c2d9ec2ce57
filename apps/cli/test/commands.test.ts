import { cpSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cifar10ClassNames } from '@ddnet/datasets'
import { BackendUnavailable } from '@ddnet/ops'
import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { asCalled } from '../src/terminal/command-names.ts'
import { type Session, session, wasmOnly } from './session.ts'

const tiny = ['model.channels=[4]', 'batchSize=8', 'steps=4', 'validation.images=40', 'validation.every=4', 'name=a']

async function trained(): Promise<Session> {
  const shell = session()
  await shell.run('train', ...tiny)
  return shell
}

describe('predict', () => {
  test('says the five likeliest classes of an image of any size, one line each', async () => {
    const shell = await trained()
    await sharp({ create: { width: 640, height: 480, channels: 3, background: 'red' } })
      .jpeg()
      .toFile(join(shell.cwd, 'bus.jpg'))
    await sharp({ create: { width: 20, height: 30, channels: 4, background: '#0008' } })
      .png()
      .toFile(join(shell.cwd, 'b.png'))
    const { code, stdout } = await shell.run('predict', 'runs/a', 'bus.jpg', 'b.png')
    expect(code).toBe(0)
    const lines = stdout.split('\n').slice(0, -1)
    expect(lines[0]).toMatch(/^image 1\/2 bus\.jpg: 640x480 (\w+ [\d.]+%, ){5}[\d.]+ms$/)
    expect(lines[1]).toMatch(/^image 2\/2 b\.png: 20x30 /)
    expect(lines).toHaveLength(2)
  })

  test('takes test images where none are given, and says what they are', async () => {
    const shell = await trained()
    const { stdout } = await shell.run('predict', 'runs/a')
    const lines = stdout.split('\n').slice(0, -1)
    expect(lines).toHaveLength(10)
    expect(lines[3]).toMatch(/^image 4\/10 test image 3 \(cat\): 32x32 /)
  })

  test('--json is a line of JSON an image, with probabilities', async () => {
    const shell = await trained()
    const { stdout } = await shell.run('predict', 'runs/a', '--json')
    const [first] = stdout.split('\n').map((line) => line && JSON.parse(line))
    expect(first).toMatchObject({ image: 'test image 0', actual: 'airplane', milliseconds: expect.any(Number) })
    expect(first.predictions).toHaveLength(5)
    const confidences = first.predictions.map(({ confidence }: { confidence: number }) => confidence)
    expect(confidences).toEqual([...confidences].sort((a, b) => b - a))
    expect(cifar10ClassNames).toContain(first.predictions[0].name)
  })

  test('what is not an image, or not there, is named: exit code 1', async () => {
    const shell = await trained()
    writeFileSync(join(shell.cwd, 'text.png'), 'no image')
    const broken = await shell.run('predict', 'runs/a', 'text.png')
    expect([broken.code, broken.stderr]).toEqual([
      1,
      expect.stringContaining('ddnet: text.png is not an image that can be read'),
    ])
    const missing = await shell.run('predict', 'runs/a', 'none.png')
    expect([missing.code, missing.stderr]).toEqual([1, expect.stringContaining('none.png: there is no such file')])
  })
})

describe('predict without a run', () => {
  const ship = fileURLToPath(new URL('../../../fixtures/cifar10/ship/0.png', import.meta.url))

  test('takes the model that comes with DDNet, and says what it knows', async () => {
    const shell = session()
    cpSync(ship, join(shell.cwd, 'my ship.png'))
    const { code, stdout, stderr } = await shell.run('predict', 'my ship.png')
    expect(code).toBe(0)
    expect(stdout).toMatch(/^image 1\/1 my ship\.png: 32x32 ship [\d.]+%, (\w+ [\d.]+%, ){4}[\d.]+ms\n$/)
    expect(stderr.replace(/\s+/g, ' ')).toMatch(
      /model DDNet trained on CIFAR-10, right for 8\d\.\d% of its test images It takes every image for one of airplane, .*, truck\. For classes of your own: ddnet train folder=PATH/,
    )
  })

  test.each([
    [[], 2, 'predict: expected a run or images. As in: ddnet predict photo.png'],
    [['none.png'], 1, 'none.png: there is no such file'],
    [['here.png', '--checkpoint', 'best'], 2, '--checkpoint is of a run, and here.png is none'],
    [['here.png', '--backend', 'webgpu'], 4, 'webgpu: no adapter'],
    [['here.png', '--backend', 'gpu'], 2, 'expected one of auto, cuda'],
  ])('%j: exit code %d', async (words, exitCode, message) => {
    const shell = session()
    cpSync(ship, join(shell.cwd, 'here.png'))
    const { code, stderr } = await shell.run('predict', ...words)
    expect([code, stderr]).toEqual([exitCode, expect.stringContaining(message)])
  })
})

describe('eval and predict', () => {
  test('compute where the run was trained, unless told otherwise', async () => {
    const shell = await trained()
    expect((await shell.run('eval', 'runs/a')).stderr).toContain(
      'WebAssembly for tests (wasm) (the run was trained on it)',
    )
    const { code, stderr } = await shell.run('eval', 'runs/a', '--backend', 'webgpu')
    expect([code, stderr]).toEqual([4, 'ddnet: webgpu: no adapter. Install a driver.\n'])
  })

  test('a backend that does not exist is refused: exit code 2', async () => {
    const shell = await trained()
    const { code, stderr } = await shell.run('eval', 'runs/a', '--backend', 'gpu')
    expect([code, stderr]).toEqual([
      2,
      "ddnet: backend=gpu (--backend): expected one of auto, cuda, cuda:N, tensorflow, cpu, webgpu, wasm, got 'gpu'. Try backend=cuda\n",
    ])
  })
})

describe('config', () => {
  test('prints YAML with where each value comes from', async () => {
    const { code, stdout } = await session({ env: { DDNET_SEED: '7' } }).run('config', 'epochs=3')
    expect(code).toBe(0)
    expect(parse(stdout)).toMatchObject({ preset: 'ddnet', epochs: 3, seed: 7, 'optimizer.learningRate': 4e-3 })
    expect(stdout).toMatch(/^epochs: 3 +# command line$/m)
    expect(stdout).toMatch(/^seed: 7 +# DDNET_SEED$/m)
    expect(stdout).toMatch(/^optimizer\.learningRate: 0\.004 +# preset ddnet$/m)
  })

  test('its output is a file for --config', async () => {
    const shell = session()
    const { stdout } = await shell.run('config', 'steps=9', 'optimizer=sgd')
    writeFileSync(join(shell.cwd, 'mine.yaml'), stdout)
    const again = await shell.run('config', '--config', 'mine.yaml')
    expect(parse(again.stdout)).toEqual(parse(stdout))
  })

  test('--explain says what each setting means, in comments', async () => {
    const { stdout } = await session().run('config', '--explain')
    expect(stdout).toContain('# Samples a batch: a whole number above 0\nbatchSize: 64')
    expect(parse(stdout)).toMatchObject({ batchSize: 64 })
  })
})

describe('doctor', () => {
  test('says what works and how fast, and the remedy for what does not', async () => {
    const { code, stdout, stderr } = await session().run('doctor')
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout).toContain(`node       ${process.version}\n`)
    expect(stdout).toMatch(/ {2}✓ wasm {6}WebAssembly for tests\n {14}31 GFLOP\/s; up to [\d.]+ GB\n/)
    expect(stdout).toContain('  ✗ webgpu    no adapter. Install a driver.\n')
    expect(stdout).toContain('  ✗ cuda      this machine has no NVIDIA GPU with a driver\n')
    expect(stdout).toContain('  ✗ cpu       the addon is missing.\n              → ddnet backend install tensorflow\n')
    expect(stdout).toMatch(/^--backend auto takes WebAssembly for tests/m)
    expect(stdout).toMatch(/[✓✗] cifar10 /)
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(80)
  })

  test('recommends commands as this shell knows them, and TensorFlow with CUDA for an NVIDIA GPU', async () => {
    const start = { ...wasmOnly, hasNvidiaDevice: () => true }
    const { stdout } = await session({ start, env: { DDNET_COMMAND: 'node ddnet.mjs' } }).run('doctor')
    expect(stdout).toContain('→ node ddnet.mjs backend install tensorflow --cuda\n')
    expect(stdout).toContain('→ node ddnet.mjs backend install tensorflow\n')
  })

  test('has color on a terminal, and none with NO_COLOR', async () => {
    expect((await session({ isTTY: true, columns: 80 }).run('doctor')).stdout).toContain('\x1b[32m✓')
    const { stdout } = await session({ isTTY: true, columns: 80, env: { NO_COLOR: '1' } }).run('doctor')
    expect(stdout).not.toContain('\x1b')
  })

  test('--json is for programs', async () => {
    const { stdout, stderr } = await session().run('doctor', '--json')
    expect(stderr).toBe('')
    const { backends, machine, auto } = JSON.parse(stdout)
    expect(backends.wasm).toEqual({
      available: true,
      title: 'WebAssembly for tests',
      device: 'wasm',
      accelerated: false,
      versions: {},
      gflops: 31.4,
      memoryBytes: expect.any(Number),
    })
    expect(backends.cpu).toEqual({
      available: false,
      reason: 'the addon is missing.',
      fix: 'ddnet backend install tensorflow',
    })
    expect(machine).toMatchObject({ cores: expect.any(Number), gpus: [] })
    expect(auto.title).toBe('WebAssembly for tests (wasm)')
  })

  test('tells what a GPU has: libraries, memory and speed', async () => {
    const versions = { tensorflow: '2.21.0', cuda: '12.5.82', cudnn: '9.3.0.75' }
    const title = 'TensorFlow 2.21.0 on cuda:0'
    const start: typeof wasmOnly = {
      ...wasmOnly,
      hasNvidiaDevice: () => true,
      open: (requested) => ({
        ...wasmOnly.open(requested),
        ...(requested === 'cuda' && {
          describe: async () => ({ title, device: 'cuda:0', accelerated: true, versions }),
          convolutionGflops: async () => 1234.5,
        }),
      }),
    }
    const { stdout } = await session({ start }).run('doctor')
    expect(stdout).toMatch(
      /✓ cuda {6}TensorFlow 2\.21\.0 on cuda:0\n {14}CUDA 12\.5\.82, cuDNN 9\.3\.0\.75; 1235 GFLOP\/s/,
    )
  })

  test('a backend whose process ends is missing, with the reason', async () => {
    const start: typeof wasmOnly = {
      ...wasmOnly,
      open: (requested) => ({
        ...wasmOnly.open(requested),
        convolutionGflops: () => Promise.reject(new BackendUnavailable('wasm: its process ended with SIGSEGV.')),
      }),
    }
    const { code, stdout } = await session({ start }).run('doctor')
    expect([code, stdout]).toEqual([4, expect.stringContaining('✗ wasm      its process ended with SIGSEGV.\n')])
  })

  test('a machine without any backend has exit code 4', async () => {
    const start = { ...wasmOnly, wasm: wasmOnly.webgpu, open: () => wasmOnly.open('webgpu') }
    expect((await session({ start }).run('doctor')).code).toBe(4)
  })
})

describe('the command line', () => {
  test.each([
    [['trian'], "ddnet: unknown command 'trian' (Did you mean train?)\n"],
    [['train', '--bakend', 'wasm'], "ddnet: unknown option '--bakend' (Did you mean --backend?)\n"],
    [['eval'], "ddnet: missing required argument 'run'. Usage: ddnet eval [options] <run>\n"],
    [['export', 'a', 'b', '--onnx'], "ddnet: unknown option '--onnx'. Usage: ddnet export [options] <run> <file>\n"],
    [
      ['data', 'statistics', 'a', 'b'],
      "ddnet: too many arguments for 'statistics'. Expected 1 argument but got 2. Usage: ddnet data statistics [options] <data>\n",
    ],
    [
      ['find-lr', '--steps', '0'],
      expect.stringMatching(/'--steps <count>' argument '0' is invalid. Expected a whole number above 0.\n$/),
    ],
  ])('%j is a usage error in one line', async (args, line) => {
    const { code, stdout, stderr } = await session().run(...args)
    expect([code, stdout, stderr]).toEqual([2, '', line])
  })

  test('every command in a message is named as this shell calls it', async () => {
    const { stdout } = await session().run('--help')
    const listed = stdout.slice(stdout.indexOf('Commands:'), stdout.indexOf('Examples:'))
    const names = [...listed.matchAll(/^ {2}([a-z-]+) /gm)].map(([, name]) => name)
    expect(names).toContain('find-lr')
    for (const name of names.filter((each) => each !== 'help'))
      expect(asCalled(`Run ddnet ${name}.`, { DDNET_COMMAND: 'node main.mjs' })).toBe(`Run node main.mjs ${name}.`)
  })

  test('without a command it shows its help: exit code 2', async () => {
    const { code, stdout, stderr } = await session().run()
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toContain('Usage: ddnet')
  })

  test('--help and --version are data', async () => {
    const help = await session().run('--help')
    expect([help.code, help.stderr]).toEqual([0, ''])
    expect(help.stdout).toContain('ddnet train cifar10')
    expect((await session().run('--version')).stdout).toMatch(/^\d+\.\d+\.\d+/)
  })
})
