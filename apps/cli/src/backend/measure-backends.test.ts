import { builtIn, resolveConfig, settingCatalog } from '@ddnet/experiment'
import { BackendUnavailable } from '@ddnet/ops'
import { expect, test } from 'vitest'
import type { BackendProcess } from './backend-process.ts'
import { measureBackends } from './measure-backends.ts'
import { assumedFacts } from './measure-steps.ts'

const { config } = resolveConfig([], 'ddnet', settingCatalog(builtIn))
const run = { config, facts: assumedFacts(config) }

/** Processes that answer with these milliseconds a step, turn by turn, and note what they are asked. */
function processes(times: Record<string, readonly (number | string)[]>, accelerated: readonly string[] = []) {
  const log: string[] = []
  const unasked = () => Promise.reject(new Error('not asked here'))
  const open = (name: string): BackendProcess => {
    let turn = 0
    return {
      describe: async () => ({ title: name, device: name, accelerated: accelerated.includes(name), versions: {} }),
      async step(_run, steps) {
        log.push(`${name} ${steps}`)
        const time = times[name]?.[turn++] ?? Number.NaN
        if (typeof time === 'string') throw new BackendUnavailable(time)
        return time
      },
      forward: async () => 250,
      peakMemory: async () => 5e8,
      convolutionGflops: unasked,
      trainingStep: unasked,
      profile: unasked,
      end: () => void log.push(`end ${name}`),
    }
  }
  return { log, open, tell: () => {} }
}

test('backends take turns, each with as many steps as fit into a second', async () => {
  const { log, ...options } = processes({
    cpu: [900, 200, 210, 190, 250, 200, 205],
    wasm: [9, 4000, 70, 70, 70, 70, 70],
  })
  const results = await measureBackends(['cpu', 'wasm'], run, options)
  expect(log).toEqual([
    ...['cpu 1', 'cpu 1', 'wasm 1', 'wasm 1'],
    ...Array(5).fill(['cpu 5', 'wasm 1']).flat(),
    ...['end cpu', 'end wasm'],
  ])
  expect(results.get('cpu')).toMatchObject({
    step: { median: 205, least: 190, most: 250 },
    forward: { median: 250 },
    steps: 25,
    peakMemoryBytes: 5e8,
  })
})

test('so many steps as are asked for', async () => {
  const asked = async (steps: number) => {
    const { log, ...options } = processes({ wasm: Array(9).fill(10) })
    const results = await measureBackends(['wasm'], run, { ...options, steps })
    return [log.slice(2, -1), results.get('wasm')]
  }
  expect(await asked(3)).toEqual([['wasm 1', 'wasm 1', 'wasm 1'], expect.objectContaining({ steps: 3 })])
  expect(await asked(7)).toEqual([
    ['wasm 1', 'wasm 1', 'wasm 2', 'wasm 1', 'wasm 2'],
    expect.objectContaining({ steps: 7 }),
  ])
  expect(await asked(50)).toEqual([Array(5).fill('wasm 10'), expect.objectContaining({ steps: 50 })])
})

test('a slow backend gets no round after half a minute of them', async () => {
  const { log, ...options } = processes({ wasm: Array(9).fill(20_000) })
  await measureBackends(['wasm'], run, options)
  expect(log).toEqual([...Array(2 + 2).fill('wasm 1'), 'end wasm'])
})

test('one that fails drops out with its error, at the start or later', async () => {
  const { log, ...options } = processes({
    cuda: ['no GPU'],
    cpu: [1000, 1000, 1000, 'it crashed'],
    wasm: Array(9).fill(1000),
  })
  const results = await measureBackends(['cuda', 'cpu', 'wasm'], run, options)
  expect(results.get('cuda')).toEqual({ error: new BackendUnavailable('no GPU') })
  expect(results.get('cpu')).toEqual({ error: new BackendUnavailable('it crashed') })
  expect(results.get('wasm')).toMatchObject({ steps: 5 })
  expect(log.filter((each) => each === 'cuda 1')).toHaveLength(1)
})

test("a GPU's memory is not known", async () => {
  const { log: _, ...options } = processes({ webgpu: Array(9).fill(1000) }, ['webgpu'])
  expect((await measureBackends(['webgpu'], run, options)).get('webgpu')).not.toHaveProperty('peakMemoryBytes')
})
