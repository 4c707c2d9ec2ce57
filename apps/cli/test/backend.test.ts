import { join } from 'node:path'
import type { Installed, InstallOptions } from '@ddnet/backend-node/install'
import { expect, test } from 'vitest'
import { session } from './session.ts'

const installed = {
  variant: 'tensorflow-cpu',
  version: '2.21.0',
  folder: '/cache/tensorflow',
  addon: '/cache/tensorflow/tfjs_binding.node',
  device: 'cpu',
  isNew: true,
} as const

/** A shell whose installer does what it is told. */
function shell(install: (options: InstallOptions) => Promise<Installed>, options = {}) {
  const removeTensorFlow = async () => [installed]
  const installTensorFlow = (given: InstallOptions = {}) => install(given)
  return session({ ...options, loadInstaller: async () => ({ installTensorFlow, removeTensorFlow }) })
}

async function phases({ report = () => {} }: InstallOptions) {
  report({ type: 'note', text: 'this machine has an NVIDIA driver' })
  report({ type: 'started', phase: 'download', text: 'tensorflow-cpu 2.21.0, about 270 MB' })
  report({ type: 'done', phase: 'download', text: 'tensorflow-cpu 2.21.0, 853 MB on disk, 12.0 s' })
  report({ type: 'started', phase: 'verify', text: 'three training steps' })
  report({ type: 'done', phase: 'verify', text: 'three training steps on cpu, 1.0 s' })
  return installed
}

test('install says each phase once on stderr, and what there is on stdout', async () => {
  expect(await shell(phases).run('backend', 'install', 'tensorflow')).toEqual({
    code: 0,
    stdout: 'TensorFlow 2.21.0 for the CPU is installed: /cache/tensorflow\n',
    stderr: [
      'note      this machine has an NVIDIA driver',
      'download  tensorflow-cpu 2.21.0, about 270 MB …',
      'download  tensorflow-cpu 2.21.0, 853 MB on disk, 12.0 s',
      'verify    three training steps on cpu, 1.0 s\n',
    ].join('\n'),
  })
})

test('no line is wider than the terminal', async () => {
  const text = 'a phase whose description goes on and on and on, '.repeat(3)
  const { stderr } = await shell(
    async ({ report = () => {} }) => {
      report({ type: 'started', phase: 'compile', text })
      report({ type: 'done', phase: 'compile', text })
      return installed
    },
    { isTTY: true, columns: 80, env: { NO_COLOR: '1' } },
  ).run('backend', 'install', 'tensorflow')
  expect(stderr).toContain('compile')
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a terminal's
  const lines = stderr.replace(/\x1b\[[\d;?]*[A-Za-z]/g, '\n').split('\n')
  expect(Math.max(...lines.map(({ length }) => length))).toBeLessThan(80)
})

test('what is there already is said to be', async () => {
  const { stdout } = await shell(async () => ({ ...installed, isNew: false })).run('backend', 'install', 'tensorflow')
  expect(stdout).toBe('TensorFlow 2.21.0 for the CPU is there already: /cache/tensorflow\n')
})

test('options reach the installer; paths are those of the folder, commands keep their names', async () => {
  const given: InstallOptions[] = []
  const own = shell(async (options) => {
    given.push(options)
    return installed
  })
  await own.run(
    'backend',
    'install',
    'tensorflow',
    '--cuda',
    '--python',
    'python3.12',
    '--from',
    './site-packages/tensorflow',
  )
  await own.run('backend', 'install', 'tensorflow', '--python', 'venv/bin/python')
  expect(given).toMatchObject([
    { cuda: true, python: 'python3.12', from: join(own.cwd, 'site-packages/tensorflow') },
    { python: join(own.cwd, 'venv/bin/python') },
  ])
})

test('an installation that fails is one line and exit code 1', async () => {
  const failing = shell(() => Promise.reject(new Error('python3 is not there. Install it.')))
  expect(await failing.run('backend', 'install', 'tensorflow')).toEqual({
    code: 1,
    stdout: '',
    stderr: 'ddnet: python3 is not there. Install it.\n',
  })
})

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('%s aborts it, and the exit code says so', async (signal, code) => {
  const interrupted = shell(
    (options) =>
      new Promise((_, reject) => {
        options.signal?.addEventListener('abort', () => reject(options.signal?.reason))
        interrupted.signal(signal)
      }),
  )
  expect(await interrupted.run('backend', 'install', 'tensorflow')).toEqual({
    code,
    stdout: '',
    stderr: 'stopped   nothing was installed\n',
  })
})

test('remove says what it removed', async () => {
  const { stdout } = await shell(phases).run('backend', 'remove', 'tensorflow')
  expect(stdout).toBe('TensorFlow 2.21.0 for the CPU is removed: /cache/tensorflow\n')
})

test('another name is a usage error', async () => {
  expect(await shell(phases).run('backend', 'install', 'webgpu')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining(
      "expected the backend tensorflow, got 'webgpu'. WebAssembly and WebGPU come with ddnet",
    ),
  })
})

test('an error names the command as it is called in this shell', async () => {
  const failing = (env = {}) =>
    shell(() => Promise.reject(new Error('Run: npx ddnet backend install tensorflow')), { env })
  const said = async (env = {}) => (await failing(env).run('backend', 'install', 'tensorflow')).stderr
  expect(await said({ npm_command: 'exec' })).toBe('ddnet: Run: npx ddnet backend install tensorflow\n')
  expect(await said({ DDNET_COMMAND: 'node apps/cli/dist/main.mjs' })).toBe(
    'ddnet: Run: node apps/cli/dist/main.mjs backend install tensorflow\n',
  )
})
