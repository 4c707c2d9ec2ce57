import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { builtIn, resolveConfig, settingCatalog } from '@ddnet/experiment'
import { BackendUnavailable } from '@ddnet/ops'
import { itemAt, tuple } from '@ddnet/testing'
import { expect, onTestFinished, test, vi } from 'vitest'
import type { BackendProcess } from './backend-process.ts'
import type { BackendStarters } from './backend-starters.ts'
import type { Trial } from './measure-cpu-backends.ts'
import { isAccelerated, selectBackend } from './select-backend.ts'

interface Machine {
  tensorflow?: 'cpu' | 'cuda:0'
  webgpu?: 'gpu' | 'software'
  nvidiaDevice?: boolean
  graphicsDevice?: boolean
  /** Milliseconds of a training step, by what is opened; a number for each turn, or why it does not train. */
  steps?: Record<'cpu' | 'wasm', readonly number[] | string>
}

const both = { cpu: [90, 200, 95, 95], wasm: [300, 70, 71, 99] }

const unasked = () => Promise.reject(new Error('not asked here'))
const notAsked = { step: unasked, forward: unasked, profile: unasked, peakMemory: unasked }

/** Starters of a machine that has the devices given; `log` notes what is started, opened and ended. */
function machine({ tensorflow, webgpu, nvidiaDevice = true, graphicsDevice = true, steps = both }: Machine) {
  const log: string[] = []
  const backend = (name: string, device: string) => {
    log.push(name)
    return { name, device, dispose: () => void log.push(`${name} disposed`) }
  }
  const noAddon = () =>
    new BackendUnavailable('tensorflow: the addon is missing: not in /x. Run: npx ddnet backend install tensorflow')
  const noAdapter = () => new BackendUnavailable('webgpu: no WebGPU adapter was found. Install a driver.')
  const start: BackendStarters = {
    async tensorflow(device) {
      if (tensorflow === undefined) throw noAddon()
      if (device.startsWith('cuda') && tensorflow === 'cpu')
        throw new BackendUnavailable('tensorflow: cuda:0: no GPU. Buy one.')
      return { ...backend('tensorflow', device === 'cpu' ? 'cpu' : tensorflow), version: '2.21.0' }
    },
    async webgpu() {
      if (webgpu === undefined) throw noAdapter()
      return {
        ...backend('webgpu', webgpu === 'gpu' ? 'acme gpu' : 'SwiftShader (software)'),
        software: webgpu === 'software',
      }
    },
    wasm: async () => backend('wasm', 'WebAssembly with SIMD'),
    open: (requested): BackendProcess => {
      log.push(`open ${requested}`)
      let turn = 0
      return {
        async describe() {
          if (webgpu === undefined) throw noAdapter()
          const device = webgpu === 'gpu' ? 'acme gpu' : 'SwiftShader (software)'
          return { title: `WebGPU on ${device}`, device, accelerated: webgpu === 'gpu', versions: {} }
        },
        convolutionGflops: async () => 1,
        async trainingStep() {
          const times = steps[requested as 'cpu' | 'wasm']
          if (typeof times === 'string') throw new BackendUnavailable(`${requested}: ${times}.`)
          // Two turns to warm up, which may be slow, and the measured ones.
          return times[turn++ - 1] ?? itemAt(times, 0)
        },
        ...notAsked,
        end: () => void log.push(`end ${requested}`),
      }
    },
    async tensorflowBuild() {
      if (tensorflow === undefined) throw noAddon()
      return '/cache/tensorflow-2.21.0'
    },
    hasGraphicsDevice: () => graphicsDevice,
    hasNvidiaDevice: () => graphicsDevice && nvidiaDevice,
    wasmThreads: 2,
  }
  return { start, log }
}

/** A run that is to be begun, with a cache of its own. */
function trial(...words: [path: string, value: unknown][]) {
  const cache = mkdtempSync(join(tmpdir(), 'ddnet-cache-'))
  onTestFinished(() => rmSync(cache, { recursive: true }))
  const entries = words.map(([path, value]) => ({ path, value, place: 'test', text: path }))
  const { config } = resolveConfig([entries], 'short', settingCatalog(builtIn))
  const said: string[] = []
  const stderr = { write: (text: string) => said.push(text) }
  const given: Trial = { config, version: '1.0.0', io: { stderr, env: { DDNET_CACHE: cache } } }
  const files = () => readdirSync(join(cache, 'step-times')).map((name) => join(cache, 'step-times', name))
  return { trial: given, said, files }
}

const select = (requested: Parameters<typeof selectBackend>[0], { start }: Pick<ReturnType<typeof machine>, 'start'>) =>
  selectBackend(requested, trial().trial, start)

test('auto takes CUDA before anything else', async () => {
  const here = machine({ tensorflow: 'cuda:0', webgpu: 'gpu' })
  const { title, accelerated, reason } = await select('auto', here)
  expect([title, accelerated, reason]).toEqual(['TensorFlow 2.21.0 on cuda:0', true, 'auto: it has a CUDA GPU'])
  expect(here.log).toEqual(['tensorflow'])
})

test('auto takes WebGPU on a GPU before the CPU, after a look in another process', async () => {
  const here = machine({ tensorflow: 'cpu', webgpu: 'gpu' })
  const { title, accelerated, reason } = await select('auto', here)
  expect([title, accelerated]).toEqual(['WebGPU on acme gpu', true])
  expect(reason).toBe('auto: it has a GPU; no CUDA: no GPU')
  expect(here.log).toEqual(['open webgpu', 'end webgpu', 'webgpu'])
})

test('auto does not try TensorFlow on a GPU where NVIDIA has no device', async () => {
  const here = machine({ tensorflow: 'cuda:0', webgpu: 'gpu', nvidiaDevice: false })
  expect((await select('auto', here)).reason).toBe('auto: it has a GPU; no CUDA: this machine has no NVIDIA driver')
})

test('auto never takes WebGPU in software', async () => {
  const here = machine({ webgpu: 'software', nvidiaDevice: false })
  const { backend, reason, accelerated } = await select('auto', here)
  expect([backend.name, accelerated]).toEqual(['wasm', false])
  expect(reason).toContain('no WebGPU: its only adapter is SwiftShader (software)')
  expect(here.log).toEqual(['open webgpu', 'end webgpu', 'wasm'])
})

test('without a GPU auto takes what was faster in turns, and says both', async () => {
  const wasmWins = machine({ tensorflow: 'cpu', graphicsDevice: false })
  const { title, reason, accelerated } = await select('auto', wasmWins)
  expect([title, accelerated]).toEqual(['WebAssembly with SIMD', false])
  // The medians of both.
  expect(reason).toBe(
    'auto: WebAssembly 71 ms a step, TensorFlow 95 ms a step; no GPU: this machine has no graphics device',
  )
  expect(wasmWins.log).toEqual(['open cpu', 'open wasm', 'end cpu', 'end wasm', 'wasm'])

  const steps = { cpu: [9, 9, 9, 9], wasm: [71, 71, 71, 71] }
  const tensorflowWins = await select('auto', machine({ tensorflow: 'cpu', graphicsDevice: false, steps }))
  expect(tensorflowWins.title).toBe('TensorFlow 2.21.0 on the CPU')
  expect(tensorflowWins.reason).toContain('auto: TensorFlow 9.0 ms a step, WebAssembly 71 ms a step; no GPU')
})

test('without TensorFlow nothing is measured, and the reason says what would bring it', async () => {
  const cpu = machine({ graphicsDevice: false })
  expect((await select('auto', cpu)).reason).toBe(
    'auto: no TensorFlow: the addon is missing (ddnet backend install tensorflow); no GPU: this machine has no graphics device',
  )
  expect(cpu.log).toEqual(['wasm'])
  expect((await select('auto', machine({}))).reason).toBe(
    'auto: no TensorFlow: the addon is missing (ddnet backend install tensorflow --cuda); no CUDA: the addon is missing (ddnet backend install tensorflow --cuda); no WebGPU: no WebGPU adapter was found',
  )
})

test('one that does not train is not taken, and the reason is told', async () => {
  const cut = { ...both, cpu: 'its process ended with SIGILL' }
  const broken = await select('auto', machine({ tensorflow: 'cpu', graphicsDevice: false, steps: cut }))
  expect(broken.title).toBe('WebAssembly with SIMD')
  expect(broken.reason).toContain(
    'auto: WebAssembly 71 ms a step, no TensorFlow: its process ended with SIGILL; no GPU',
  )
})

test('a measurement is kept, for the same circumstances', async () => {
  const { trial: run, said, files } = trial()
  const measured = machine({ tensorflow: 'cpu', graphicsDevice: false })
  const first = await selectBackend('auto', run, measured.start)
  expect(said.join('')).toContain('measuring, once, whether TensorFlow or WebAssembly is faster here\n')
  expect(files()).toHaveLength(1)

  const later = machine({ tensorflow: 'cpu', graphicsDevice: false, steps: { cpu: 'not asked', wasm: 'not asked' } })
  said.length = 0
  expect((await selectBackend('auto', run, later.start)).reason).toBe(first.reason)
  expect([later.log, said]).toEqual([['wasm'], []])

  // Another version, another number of threads, another size of the run.
  for (const changed of [
    { version: '1.0.1' },
    { wasmThreads: 4 },
    { tensorflowBuild: async () => '/cache/tensorflow-2.22.0' },
    { config: { ...run.config, batchSize: 128 } },
  ]) {
    later.log.length = 0
    await selectBackend('auto', { ...run, ...changed }, { ...later.start, ...changed })
    expect(later.log).toContain('open cpu')
  }
  expect(files()).toHaveLength(1) // what could not be measured is not kept
})

test.each([
  ['cut short', (text: string) => text.slice(0, 40)],
  ['of another measurement', (text: string) => text.replace('"ddnet": "1.0.0"', '"ddnet": "0.9.0"')],
  ['without a time', (text: string) => text.replace('"wasm": {\n    "milliseconds"', '"wasm": {\n    "seconds"')],
  ['with a time of zero', (text: string) => text.replace(/"milliseconds": \d+/, '"milliseconds": 0')],
  ['that is no object', () => 'null'],
  ['of tomorrow', (text: string) => text.replace(/"measuredAt": "2/, '"measuredAt": "3')],
  ['of last year', (text: string) => text.replace(/"measuredAt": "2/, '"measuredAt": "1')],
])('a kept measurement %s is measured again', async (_, damage) => {
  const { trial: run, files } = trial()
  const here = machine({ tensorflow: 'cpu', graphicsDevice: false })
  await selectBackend('auto', run, here.start)
  const [file] = tuple(files(), 1)
  const whole = readFileSync(file, 'utf8')
  expect(damage(whole)).not.toBe(whole)
  writeFileSync(file, damage(whole))
  here.log.length = 0
  await selectBackend('auto', run, here.start)
  expect(here.log).toContain('open cpu')
  expect(JSON.parse(readFileSync(file, 'utf8')).wasm).toEqual({ milliseconds: 71 })
})

test('a cache that cannot be written is no obstacle', async () => {
  const { trial: run } = trial()
  writeFileSync(join(run.io.env.DDNET_CACHE as string, 'step-times'), 'a file')
  const { reason } = await selectBackend('auto', run, machine({ tensorflow: 'cpu', graphicsDevice: false }).start)
  expect(reason).toContain('WebAssembly 71 ms')
})

test('slow turns end the measurement, each backend having had one', async () => {
  const now = vi.spyOn(performance, 'now')
  onTestFinished(() => now.mockRestore())
  let clock = 0
  const here = machine({ tensorflow: 'cpu', graphicsDevice: false })
  let turns = 0
  const open: BackendStarters['open'] = (requested) => ({
    ...here.start.open(requested),
    async trainingStep() {
      turns++
      clock += 3_000
      return 3_000
    },
  })
  now.mockImplementation(() => clock)
  await selectBackend('auto', trial().trial, { ...here.start, open })
  expect(turns).toBe(2 * (2 + 1))
})

test('an explicit choice never falls back', async () => {
  const here = machine({ tensorflow: 'cpu' })
  await expect(select('cuda', here)).rejects.toThrow('cuda:0: no GPU')
  await expect(select('webgpu', here)).rejects.toThrow('no WebGPU adapter')
  expect(here.log).toEqual([])
})

test('an explicit choice may be software, and cpu is TensorFlow without its GPU', async () => {
  expect((await select('webgpu', machine({ webgpu: 'software' }))).accelerated).toBe(false)
  expect((await select('cpu', machine({ tensorflow: 'cuda:0' }))).title).toBe('TensorFlow 2.21.0 on the CPU')
})

test('an error that is no absence is not hidden', async () => {
  const { start } = machine({ webgpu: 'gpu' })
  const broken = { ...start, webgpu: () => Promise.reject(new Error('a bug')) }
  await expect(select('auto', { start: broken })).rejects.toThrow('a bug')
})

test('whether a GPU would compute is found without measuring, and leaves nothing running', async () => {
  const gpu = machine({ webgpu: 'gpu' })
  expect(await isAccelerated('auto', gpu.start)).toBe(true)
  expect(gpu.log.at(-1)).toBe('webgpu disposed')
  const cpu = machine({ tensorflow: 'cpu', graphicsDevice: false })
  expect(await isAccelerated('auto', cpu.start)).toBe(false)
  expect(cpu.log).toEqual([])
  expect(await isAccelerated('cpu', cpu.start)).toBe(false)
})
